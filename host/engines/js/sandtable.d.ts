// What mods in JavaScript import from 'sandtable'. With `// @ts-check` in a file, or
// `checkJs` in jsconfig.json, an editor tells wrong fields, and writes to what a query
// only reads, while they are written. Nothing reads this file when the world runs.
declare module 'sandtable' {
  /** Names one entity; 0n names none. Shown as `nameOf(entity)`. */
  export type Entity = bigint;
  export const noEntity: Entity;
  export function nameOf(entity: Entity): string;

  // Types of fields.

  /** The type of a field. */
  export interface Type<T> {
    readonly ty: string;
    /** What rows of a save get that lack the field, and settings of which the world file says nothing. */
    default(value: T): this;
    /** Names that the field had before. */
    was(...names: string[]): this;
    readonly __value?: T;
  }
  export interface NumberType<T extends number | bigint> extends Type<T> { readonly code: number; readonly size: number }
  export const u8: NumberType<number>, i8: NumberType<number>, u16: NumberType<number>, i16: NumberType<number>;
  export const u32: NumberType<number>, i32: NumberType<number>, f32: NumberType<number>, f64: NumberType<number>;
  export const u64: NumberType<bigint>, i64: NumberType<bigint>;
  export const bool: Type<boolean>;
  export const string: Type<string>;
  interface EntityType extends NumberType<bigint> { readonly __isEntity: true }
  /** A field that names an entity; as a term of a query, the entity of the row. */
  export const entity: EntityType;
  /** In a packed component it is written as a whole. */
  export function array<T>(type: Type<T>, length: number): Type<T[]>;
  export function list<T>(type: Type<T>): Type<T[]>;
  export function option<T>(type: Type<T>): Type<T | null>;
  /** In a packed component it is written as a whole. */
  export function struct<F extends Fields>(fields: F): Type<ValueOf<F>>;
  /** One of several: its name, or `{ name: fields }` where it has some. */
  export function variant<C extends Record<string, null | Type<any> | Fields>>(cases: C): Type<VariantOf<C>>;

  type Fields = Record<string, Type<any>>;
  type ValueOf<F extends Fields> = { [K in keyof F]: F[K] extends Type<infer T> ? T : never };
  type VariantOf<C> = { [K in keyof C]: C[K] extends null ? K : C[K] extends Type<infer T> ? { [N in K]: T } : C[K] extends Fields ? { [N in K]: ValueOf<C[K]> } : never }[keyof C];

  // Kinds.

  export interface Kind<T, R extends string> {
    readonly name: string;
    /** A value of it; fields that are left out are zero, or their default. */
    of(value?: Partial<T>): Valued<T>;
    /** Values for many entities at once: packed rows, one after another. */
    rows(numbers: ArrayBuffer | ArrayBufferView): Many<T>;
    readonly __role?: R;
  }
  export interface Valued<T> { readonly kind: Kind<T, any>; readonly value: Partial<T> }
  export interface Many<T> { readonly kind: Kind<T, any> }
  type Component<T> = Kind<T, 'component'>;
  type Settings<T> = Kind<T, 'settings'>;
  type Relation<T> = Kind<T, 'relation'>;
  type Event<T> = Kind<T, 'event'> | Kind<T, 'input'>;
  /** A component: `Name` of this mod, or `mod/Name` of another. Packed, where it is not `dynamic`. */
  export function component<F extends Fields = {}>(name: string, fields?: F, options?: { dynamic?: boolean }): Component<ValueOf<F>>;
  export function relation<F extends Fields = {}>(name: string, fields?: F, options?: { dynamic?: boolean; onDespawn?: 'detach' | 'cascade' }): Relation<ValueOf<F>>;
  export function event<F extends Fields = {}>(name: string, fields?: F): Kind<ValueOf<F>, 'event'>;
  export function input<F extends Fields = {}>(name: string, fields?: F): Kind<ValueOf<F>, 'input'>;
  /** What a world file may say under `[mods.<mod>.settings]`. Every field has a default. */
  export function settings<F extends Fields>(fields: F, options?: { of?: string }): Settings<ValueOf<F>>;

  // Queries.

  export interface Term<T, W extends boolean> { readonly __term?: [T, W] }
  export interface Filter { readonly __filter?: true }
  export function read<T>(kind: Component<T> | Settings<T>): Term<T, false>;
  export function write<T>(kind: Component<T>): Term<T, true>;
  /** Null where the archetype has it not. */
  export function optional<T, W extends boolean>(term: Term<T, W>): Term<T | null, W>;
  export function optional<T>(kind: Component<T>): Term<T | null, false>;
  export function has(kind: Component<any>): Filter;
  export function lacks(kind: Component<any>): Filter;
  export function changed(kind: Component<any>): Filter;
  export function added(kind: Component<any>): Filter;
  /** All filters of at least one of these lists hold. */
  export function anyOf(...alternatives: (Filter | Filter[])[]): Filter;
  type Terms = Record<string, Term<any, boolean> | EntityType | Component<any>>;
  export interface Query<Q extends Terms> { readonly __terms?: Q }
  export function query<Q extends Terms>(terms: Q, ...filters: Filter[]): Query<Q>;

  type Seen<T, W> = T extends null ? null : W extends true ? T : Readonly<T>;
  type RowOf<Q> = { readonly [K in keyof Q]: Q[K] extends EntityType ? Entity : Q[K] extends Component<infer T> ? Readonly<T> : Q[K] extends Term<infer T, infer W> ? Seen<T, W> : never };
  /** One field of many rows, or numbers of its own. */
  export interface ReadVector<T = any> extends Iterable<T> { readonly length: number; get(i: number): T }
  export interface Vector<T = any> extends ReadVector<T> { set(i: number, value: T): void }
  type ColumnOf<T, W> = T extends null ? null : ('length' extends keyof T ? {} : { readonly length: number }) & { readonly [K in keyof T]: W extends true ? Vector<T[K]> : ReadVector<T[K]> };
  type ShardOf<Q> = { readonly length: number } & { readonly [K in keyof Q]: Q[K] extends EntityType ? ReadVector<Entity> : Q[K] extends Component<infer T> ? ColumnOf<T, false> : Q[K] extends Term<infer T, infer W> ? ColumnOf<T, W> : never };
  /** Rows, one after another: what a row is seen by moves along, so copy what is to stay. */
  export interface Rows<Q> extends Iterable<RowOf<Q>> {
    readonly length: number;
    /** The columns of each shard, for operations on all of their rows at once. */
    readonly shards: ShardOf<Q>[];
  }

  // Operations on columns, natively. Integers wrap around; rows that the query leaves out
  // are passed over. All vectors of one operation are of one type.

  type Operand = ReadVector | Column | number | bigint;
  type Column = { readonly length: number | ReadVector };
  export function vector<T extends number | bigint>(type: NumberType<T>, of: number | Iterable<T>): Vector<T>;
  /** All numbers of a column whose fields are of one type, row by row. */
  export function flat(column: Column): Vector;
  export function assign(to: Vector | Column, from: Operand): void;
  export function add(to: Vector | Column, a: Operand, b: Operand): void;
  export function sub(to: Vector | Column, a: Operand, b: Operand): void;
  export function mul(to: Vector | Column, a: Operand, b: Operand): void;
  export function min(to: Vector | Column, a: Operand, b: Operand): void;
  export function max(to: Vector | Column, a: Operand, b: Operand): void;
  /** to += a * k */
  export function axpy(to: Vector | Column, a: Operand, k: Operand): void;
  export function clamp(to: Vector | Column, a: Operand, low: Operand, high: Operand): void;
  /** to = mask ? a : b; the mask is a vector of u8 */
  export function where(to: Vector | Column, mask: ReadVector, a: Operand, b: Operand): void;
  /** to = a < b, as a vector of u8 */
  export function less(to: Vector, a: Operand, b: Operand): void;
  export function sum<T>(of: ReadVector<T>): T;
  /** to[i] = from[indices[i]]; indices are a vector of u32 */
  export function gather(to: Vector, from: ReadVector, indices: ReadVector): void;

  // Systems.

  export interface Condition { readonly __condition?: true }
  export function when<T, K extends keyof T & string>(kind: Component<T> | Settings<T>, field: K, compares: '==' | '!=' | '<' | '<=' | '>' | '>=', value: T[K]): Condition;
  interface Removed { readonly __removed?: true }
  export function removed(kind: Component<any>): Removed;
  export const despawned: unique symbol;

  export interface Commands {
    spawn(...values: (Valued<any> | Component<any>)[]): Entity;
    /** So many entities with the rows of `Kind.rows(…)`. Gives the first of them. */
    spawnMany(count: number, ...columns: (Many<any> | Component<any>)[]): Entity;
    despawn(entity: Entity): void;
    insert(entity: Entity, ...values: (Valued<any> | Component<any>)[]): void;
    remove(entity: Entity, ...kinds: Component<any>[]): void;
    relate(from: Entity, to: Entity, relation: Valued<any> | Relation<any>): void;
    unrelate(from: Entity, to: Entity, relation: Relation<any>): void;
  }
  export interface Lookup<T> { get(entity: Entity): T | undefined; all(entities: Iterable<Entity>): (T | undefined)[] }
  export interface Related<T> {
    from(entity: Entity): ({ entity: Entity } & T)[];
    to(entity: Entity): ({ entity: Entity } & T)[];
    fromAll(entities: Entity[]): ({ entity: Entity } & T)[][];
    toAll(entities: Entity[]): ({ entity: Entity } & T)[][];
  }
  type Cell = number | bigint | string | boolean | null | Uint8Array;
  export interface Tables {
    query(statement: string, parameters?: Cell[]): Record<string, any>[];
    /** One change for each array of parameters. Gives how many rows were changed. */
    execute(statement: string, rows?: Cell[] | Cell[][]): number;
  }
  /** Random numbers that repeat: those of an entity in a tick and a system. */
  export interface Dice {
    u32(): number; u64(): bigint; f32(): number; f64(): number;
    below(end: number): number;
    range(start: number, end: number): number; range(start: bigint, end: bigint): bigint;
    chance(probability: number): boolean; pick<T>(all: readonly T[]): T | undefined; normal(): number;
  }
  export interface Rng { of(entity: Entity): Dice; world(): Dice }

  type AnyQuery = Terms | Query<any>;
  export interface Spec {
    query?: AnyQuery;
    queries?: Record<string, AnyQuery>;
    span?: 'shard' | 'archetype' | 'everything';
    every?: number; phase?: number; startup?: boolean;
    runIf?: Condition[];
    resources?: Record<string, Term<any, boolean> | Component<any> | Settings<any>>;
    lookups?: Record<string, Component<any>>;
    relations?: Record<string, Relation<any>>;
    reads?: Record<string, Event<any> | Removed | typeof despawned>;
    emits?: Event<any>[];
    tables?: boolean; commands?: boolean;
    /** Systems that run after this one, and before it: `name`, or `mod/name`. */
    before?: string[]; after?: string[];
  }
  type TermsOf<Q> = Q extends Query<infer T> ? T : Q;
  type ResourceOf<R> = R extends Term<infer T, true> ? T : R extends Term<infer T, false> ? Readonly<T> | null : R extends Settings<infer T> ? Readonly<T> : R extends Component<infer T> ? Readonly<T> | null : never;
  export interface Given<S extends Spec> {
    readonly tick: number;
    /** Simulated seconds in a tick. */
    readonly dt: number;
    readonly rng: Rng;
    readonly rows: Rows<TermsOf<S['query']>>;
    readonly queries: { readonly [K in keyof S['queries']]: Rows<TermsOf<S['queries'][K]>> };
    readonly resources: { -readonly [K in keyof S['resources']]: ResourceOf<S['resources'][K]> };
    readonly lookups: { readonly [K in keyof S['lookups']]: S['lookups'][K] extends Component<infer T> ? Lookup<T> : never };
    readonly relations: { readonly [K in keyof S['relations']]: S['relations'][K] extends Relation<infer T> ? Related<T> : never };
    readonly reads: { readonly [K in keyof S['reads']]: S['reads'][K] extends Event<infer T> ? T[] : Entity[] };
    readonly commands: Commands;
    readonly tables: Tables;
    emit<T>(event: Kind<T, 'event'>, value?: Partial<T>): void;
  }
  export function system<const S extends Spec>(name: string, spec: S, run: (it: Given<S>) => void): void;
  /** A change of components that field names and defaults cannot express, once in each save. */
  export function conversion(name: string, kinds: { from: Record<string, Component<any>>; to: Record<string, Component<any>> }, convert: (old: any) => any): void;

  // What is there besides.

  export const log: Record<'error' | 'warn' | 'info' | 'debug', (...all: unknown[]) => void>;
  /** The files of the mod's folder `assets`. */
  export const assets: {
    names(): string[];
    bytes(name: string): Uint8Array | undefined;
    text(name: string): string | undefined;
    json(name: string): any;
  };
}
