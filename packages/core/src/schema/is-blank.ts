/** True if a text has no visible character, only blanks, control and zero-width characters. Receivers refuse such texts. */
export const isBlank = (text: string): boolean => !/[^\s\p{Cc}\p{Cf}\p{Z}]/u.test(text);
