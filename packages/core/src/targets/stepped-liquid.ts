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
 * Steps of all templates of one event. A rich template with 30 details takes about 2,000. At most about 0.5 µs each, so
 * that the dearest templates hold the event loop for some 15 ms.
 */
export const stepsPerEvent = 50_000;

/** A step is one node, one round of a loop, one value that is read, one item of a list, or so many characters. */
const charactersPerStep = 16;
/** So many characters of a tag or an output: `{% when 1, 1, 1 %}` has a value to compare in every third. */
const sourcePerStep = 2;
/** Searching a text for another may compare each character of one with each of the other. */
const comparisonsPerStep = 256;
/** Each `%` of a date's format may build an `Intl.DateTimeFormat`. */
const stepsPerDatePart = 100;

/** Bounds of `(1..n)`: beyond 2^53 a range would never end. */
const maxRangeBound = 10_000;

/** Tags inside each other. */
const maxDepth = 32;

/**
 * Steps per target for what is rendered to route an alert. More come from a pool for all targets, so that the templates of one
 * target cannot use up those of another, and many dear ones do not add up.
 */
export const stepsPerRoute = 2_000;

/** Steps that several budgets share. */
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
 * What the templates of one event may still do. Counted in steps and not in time, so that the same event renders the same
 * on every machine. Once it is used up, all that follows fails.
 */
export class StepBudget {
  #left: number;
  readonly #pool: StepPool | undefined;

  /** @param pool gives more when these are used up, and is shared with others */
  constructor(steps = stepsPerEvent, pool?: StepPool) {
    this.#left = steps;
    this.#pool = pool;
  }

  get left(): number {
    return Math.max(0, this.#left);
  }

  use(steps: number): void {
    // A count that is not a number is refused too.
    if (steps <= this.#left) return void (this.#left -= Math.max(0, steps));
    const missing = steps - this.#left;
    if (this.#left >= 0 && this.#pool?.take(missing)) return void (this.#left = 0);
    this.#left = -1;
    throw new OutOfSteps("the templates of this event take too many steps");
  }

  useText(characters: number): void {
    this.use(characters / charactersPerStep);
  }

  /** Charges a value by its size, items that occur twice twice: what reads a value later may visit all of it. */
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

/** A rendering of one field. Every value that it reads is charged. */
export class SteppedContext extends Context {
  readonly steps: StepBudget;

  /** @param globals what templates can read; `environments` is where `increment` writes */
  constructor(globals: object, steps: StepBudget, environments: object = {}) {
    // In place of the library's limit: a filter says how much it is about to allocate, perhaps not as a number.
    const memoryLimit = { use: (count: unknown) => Number(count) > 0 && steps.useText(Number(count)) } as never;
    super(environments, liquid.options, { sync: true, globals }, { memoryLimit, liquid });
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

/** Renders in place of the library's renderer, which measures time. */
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

/** Plain text is charged when it is written. */
const sourceLength = (token: Token): number => (token.kind === TokenKind.HTML ? 0 : token.size());

/** Files; what an event contains needs none. */
const removedTags = ["include", "render", "layout", "block"];

/** Filters that evaluate an expression per item, and one whose result is random. */
const removedFilters = /_exp$|^sample$/;

const searches = new Set("split replace replace_first replace_last remove remove_first remove_last".split(" "));

export const liquid = createLiquid();

function createLiquid(): Liquid {
  const engine = new Liquid({
    parseLimit: 10_000,
    // Without this, a template could read files from the working directory.
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

/** The tag, which knows the source of its whole block: an `elsif` or a `when` has no node of its own to charge. */
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

/** Parsing and rendering recurse. */
function nested<Out>(parse: () => Out): Out {
  depth += 1;
  try {
    if (depth > maxDepth) throw new Error(`more than ${maxDepth} tags inside each other`);
    return parse();
  } finally {
    depth -= 1;
  }
}
type Handler = Extract<FilterImplOptions, (...args: never) => unknown>;

/** The filter, whose result is charged. Its input was charged when it was read. */
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

/** The default format has eight parts. A zone takes two more. */
const dateSteps = ([format, zone]: readonly unknown[]): number =>
  stepsPerDatePart *
  (1 + (format === undefined ? 8 : textOf(format).split("%").length - 1) + (zone === undefined ? 0 : 2));

/**
 * Checks the bounds of a range when it is evaluated. The library's own check counts the items only, and `+ 1` does not
 * change a number beyond 2^53. Here and not in the parsed templates, since filters such as `where` parse a text as they run.
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
