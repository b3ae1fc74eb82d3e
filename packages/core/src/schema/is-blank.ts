/** True without one visible character: blanks, controls, zero-width characters. Receivers refuse such texts. */
export const isBlank = (text: string): boolean => !/[^\s\p{Cc}\p{Cf}\p{Z}]/u.test(text);
