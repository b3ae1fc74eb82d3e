import {
  Context,
  defaultOperators,
  type Emitter,
  evalToken,
  type FilterImplOptions,
  filters,
  Liquid,
  type RangeToken,
  type Template,
  type Token,
  TokenKind,
  Tokenizer,
  toValue,
} from "liquidjs";

/**
 * Steps that all templates of one event may take together. A rich template with 30 details takes about 2,000. A step takes at
 * most about 0.5 µs, so that the most expensive templates block the event loop for about 15 ms.
 */
export const stepsPerEvent = 50_000;

/** One step covers one node, one round of a loop, one value that is read, one item of a list, or this many characters. */
const charactersPerStep = 16;
/** Characters of a tag's or output's source per step: in `{% when 1, 1, 1 %}`, every third character is a value to compare. */
const sourcePerStep = 2;
/** A search for one text in another may compare each character of one with each of the other. */
const comparisonsPerStep = 256;
/** Each `%` of a date's format may build an `Intl.DateTimeFormat`. */
const stepsPerDatePart = 100;

/** Largest bound of a range `(1..n)`: beyond 2^53 a range would never end. */
const maxRangeBound = 10_000;

/** Greatest nesting depth of tags. */
const maxDepth = 32;

/**
 * Steps per target for the templates that routing renders. More steps come from a pool that all targets share. So one
 * target's templates cannot use up the steps of another, and many expensive ones do not add up.
 */
export const stepsPerRoute = 2_000;

/** A pool of steps that several budgets share. */
export class StepPool {
  #left = stepsPerEvent;

  take(steps: number): boolean {
    if (!(steps <= this.#left)) return false;
    this.#left -= steps;
    return true;
  }
}

class OutOfSteps extends Error {
  override readonly name = "OutOfSteps";
}

/**
 * The steps that the templates of one event may still take. They are counted in steps and not in time, so that an event renders
 * to the same text on every machine. After the budget is used up, every further use fails.
 */
export class StepBudget {
  #left: number;
  readonly #pool: StepPool | undefined;

  /** @param pool gives more steps when this budget's own are used up; other budgets share it */
  constructor(steps = stepsPerEvent, pool?: StepPool) {
    this.#left = steps;
    this.#pool = pool;
  }

  get left(): number {
    return Math.max(0, this.#left);
  }

  use(steps: number): void {
    // This comparison also refuses a count that is NaN.
    if (steps <= this.#left) return void (this.#left -= Math.max(0, steps));
    const missing = steps - this.#left;
    if (this.#left >= 0 && this.#pool?.take(missing)) return void (this.#left = 0);
    this.#left = -1;
    throw new OutOfSteps("the templates of this event take too many steps");
  }

  useText(characters: number): void {
    this.use(characters / charactersPerStep);
  }

  /** Charges a value by its size, because a later reader may visit all of it. An item that occurs twice is charged twice. */
  useValue(value: unknown): void {
    if (typeof value === "string") return this.useText(value.length);
    if (typeof value !== "object" || value === null) return;
    if (Array.isArray(value)) {
      this.use(value.length);
      for (const item of value) this.useValue(item);
    } else if (isPlain(value)) {
      for (const key of Object.keys(value)) {
        this.use(1 + key.length / charactersPerStep);
        this.useValue((value as Record<string, unknown>)[key]);
      }
    }
  }
}

const isPlain = (value: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
};

/** The context in which one field is rendered. It charges every value that the template reads. */
export class SteppedContext extends Context {
  readonly steps: StepBudget;

  /** @param globals the values that templates can read; `increment` writes to `environments` */
  constructor(globals: object, steps: StepBudget, environments: object = {}) {
    // Replaces the library's memory limit. A filter reports how much it is about to allocate, not always as a number.
    const memoryLimit = { use: (count: unknown) => Number(count) > 0 && steps.useText(Number(count)) } as never;
    super(environments, steppedLiquid.options, { sync: true, globals }, { memoryLimit, liquid: steppedLiquid });
    this.steps = steps;
  }

  override *_getFromScope(
    scope: unknown,
    path: Parameters<Context["_getFromScope"]>[1],
    strict?: boolean,
  ): IterableIterator<unknown> {
    this.steps.use(1 + path.length);
    // oxlint-disable-next-line eslint/no-underscore-dangle -- the library's name
    const value: unknown = yield* super._getFromScope(scope, path, strict);
    this.steps.useValue(value);
    return value;
  }

  override spawn(scope: object = {}): Context {
    this.steps.use(1);
    return new SteppedContext(this.globals, this.steps, scope);
  }
}

class SteppedEmitter implements Emitter {
  buffer = "";
  readonly #steps: StepBudget;

  constructor(steps: StepBudget) {
    this.#steps = steps;
  }

  write(value: unknown): void {
    const text = textOf(value);
    this.#steps.useText(text.length);
    this.buffer += text;
  }
}

function textOf(value: unknown): string {
  const plain: unknown = toValue(value);
  if (typeof plain === "string") return plain;
  if (plain === undefined || plain === null) return "";
  // oxlint-disable-next-line typescript/no-base-to-string -- `[object Object]` is what Liquid writes
  return Array.isArray(plain) ? plain.map(textOf).join("") : String(plain);
}

/** Replaces the library's renderer, which limits time instead of steps. */
const renderer = {
  *renderTemplates(
    templates: readonly (Template & { sourceLength?: number })[],
    context: SteppedContext,
    emitter: Emitter = new SteppedEmitter(context.steps),
  ): Generator<unknown, string, unknown> {
    context.steps.use(1);
    for (const template of templates) {
      context.steps.use(1 + (template.sourceLength ?? sourceLength(template.token)) / sourcePerStep);
      const text: unknown = yield template.render(context, emitter);
      if (text) emitter.write(text);
      if (context.breakCalled || context.continueCalled) break;
    }
    return emitter.buffer;
  },
};

/** Source characters of a tag or an output. Plain text counts 0, because it is charged when it is written. */
const sourceLength = (token: Token): number => (token.kind === TokenKind.HTML ? 0 : token.size());

/** Tags that read files or define blocks. Templates of events need none of them. */
const removedTags = ["include", "render", "layout", "block"];

/** Filters that evaluate an expression per item, and one whose result is random. */
const removedFilters = /_exp$|^sample$/;

const searches = new Set("split replace replace_first replace_last remove remove_first remove_last".split(" "));

export const steppedLiquid = createLiquid();

function createLiquid(): Liquid {
  const engine = new Liquid({
    parseLimit: 10_000,
    // Without this, a template could read files in the working directory.
    templates: {},
    ownPropertyOnly: true,
    strictFilters: true,
    strictVariables: true,
    lenientIf: true,
    timezoneOffset: 0,
    locale: "en-US",
    operators: {
      ...defaultOperators,
      *contains(whole: unknown, part: unknown, context: Context): Generator<unknown, boolean, unknown> {
        if (!Array.isArray(whole)) (context as SteppedContext).steps.use(searchSteps(whole, part));
        return (yield defaultOperators["contains"]!(whole, part, context)) as boolean;
      },
    },
  });
  Object.assign(engine, { renderer });
  for (const tag of removedTags) delete engine.tags[tag];
  for (const [name, Tag] of Object.entries(engine.tags)) engine.tags[name] = measured(Tag);
  for (const [name, filter] of Object.entries(filters)) {
    if (removedFilters.test(name)) engine.unregisterFilter(name);
    else engine.registerFilter(name, stepped(name, typeof filter === "function" ? filter : filter.handler));
  }
  return engine;
}

/** Adds the source length of its whole block to a tag, because an `elsif` or a `when` has no node of its own to charge. */
function measured(Tag: TagClass): TagClass {
  return new Proxy(Tag, {
    construct(_, args: ConstructorParameters<TagClass>) {
      const [token, following] = args;
      const before = [...following];
      const tag = nested(() => new Tag(...args));
      const block = [token, ...before.slice(0, before.length - following.length)];
      return Object.assign(tag, { sourceLength: block.reduce((sum, part) => sum + sourceLength(part), 0) });
    },
  });
}

type TagClass = Liquid["tags"][string];

let depth = 0;

/** Limits the nesting depth, because parsing and rendering recurse. */
function nested<Out>(parse: () => Out): Out {
  depth += 1;
  try {
    if (depth > maxDepth) throw new Error(`more than ${maxDepth} nested tags`);
    return parse();
  } finally {
    depth -= 1;
  }
}
type Handler = Extract<FilterImplOptions, (...args: never) => unknown>;

/** Makes a filter charge its result. Its input was charged when it was read. */
function stepped(name: string, handler: Handler): Handler {
  return function* (value: unknown, ...args: unknown[]) {
    const { steps } = this.context as SteppedContext;
    if (name.startsWith("date")) steps.use(dateSteps(args));
    if (searches.has(name)) steps.use(searchSteps(value, args[0]));
    const result: unknown = yield handler.call(this, value, ...args);
    steps.use(1);
    steps.useValue(result);
    return result;
  };
}

const searchSteps = (whole: unknown, part: unknown): number =>
  (textOf(whole).length * textOf(part).length) / comparisonsPerStep;

/** Steps of a date filter. The default format has eight parts; a time zone takes two more. */
const dateSteps = ([format, zone]: readonly unknown[]): number =>
  stepsPerDatePart *
  (1 + (format === undefined ? 8 : textOf(format).split("%").length - 1) + (zone === undefined ? 0 : 2));

/**
 * Checks the bounds of a range when it is evaluated. The library's own check only counts items, and `+ 1` does not change a
 * number beyond 2^53. The tokenizer is the right place, and not the parsed templates, since filters such as `where` parse a text
 * while they run.
 */
// oxlint-disable-next-line typescript/unbound-method -- called with its tokenizer
const readGroupOrRange = Tokenizer.prototype.readGroupOrRange;
Tokenizer.prototype.readGroupOrRange = function (this: Tokenizer) {
  const token = readGroupOrRange.call(this);
  if (token?.kind === TokenKind.Range) {
    const range = token as RangeToken;
    range.lhs = bounded(range.lhs);
    range.rhs = bounded(range.rhs);
  }
  return token;
};

function bounded(token: RangeToken["lhs"]): RangeToken["lhs"] {
  const initial = {
    *evaluate(context: Context, lenient: boolean): Generator<unknown, number, unknown> {
      const bound = Number(toValue(yield evalToken(token, context, lenient)));
      if (Math.abs(bound) <= maxRangeBound) return Math.trunc(bound);
      throw new RangeError(`bounds of a range must be numbers from -${maxRangeBound} to ${maxRangeBound}`);
    },
  };
  return { kind: TokenKind.FilteredValue, initial, filters: [], getText: () => token.getText() } as never;
}
