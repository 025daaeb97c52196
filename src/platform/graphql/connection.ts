import 'reflect-metadata';
import { createHash } from 'node:crypto';
import { type ClassType, Field, Int, ObjectType } from 'type-graphql';
import { z } from 'zod';
import { badInput, VitrineError } from '../../errors.js';
import { requirePlainData } from '../../plain-data.js';

export const MAX_PAGE_SIZE = 100;
export const DEFAULT_PAGE_SIZE = 20;

@ObjectType({ description: 'Where a page stands in its list (Relay).' })
export class PageInfo {
  @Field(() => Boolean, { description: 'Whether there are more rows after this page.' })
  hasNextPage!: boolean;

  @Field(() => Boolean, { description: 'Whether this page began after a cursor.' })
  hasPreviousPage!: boolean;

  @Field(() => String, { nullable: true, description: 'Cursor of the first row; null on an empty page.' })
  startCursor!: string | null;

  @Field(() => String, { nullable: true, description: 'Cursor of the last row, to pass as `after`; null on an empty page.' })
  endCursor!: string | null;
}

export interface Edge<T> {
  cursor: string;
  node: T;
}

export interface Connection<T, E extends Edge<T> = Edge<T>> {
  edges: E[];
  pageInfo: PageInfo;
  /** Rows in the whole list. */
  totalCount: number;
}

/** One whose rows are counted only when somebody asks how many there are. */
export type LazyConnection<T> = Omit<Connection<T>, 'totalCount'> & { totalCount: () => Promise<number> };

/** The Relay edge and connection types of `node`, named after it. */
export function connectionOf<T extends object>(node: ClassType<T>, name: string) {
  @ObjectType(`${name}Edge`, { description: `One row of a list of ${name}.` })
  class EdgeType implements Edge<T> {
    @Field(() => String, { description: 'Opaque position of this row, to pass as `after`.' })
    cursor!: string;

    @Field(() => node, { description: 'The row itself.' })
    node!: T;
  }

  @ObjectType(`${name}Connection`, { description: `A page of a list of ${name}.` })
  class ConnectionType implements Connection<T> {
    @Field(() => [EdgeType], { description: 'The rows of this page with their cursors.' })
    edges!: EdgeType[];

    @Field(() => PageInfo, { description: 'Where this page stands.' })
    pageInfo!: PageInfo;

    @Field(() => Int, { description: 'Rows in the whole list, all pages together.' })
    totalCount!: number;
  }
  return ConnectionType;
}

/** A page request after checking. `keys` are the sort values of the row to start after. */
export interface Page {
  first: number;
  keys: readonly unknown[] | null;
  binding: string;
}

/**
 * Checks `first` and `after`. `binding` is all that decides the order of the list (query, filter, sort, model): a cursor from a list
 * that was ordered or filtered otherwise is refused.
 * @throws VitrineError BAD_USER_INPUT, CURSOR_MISMATCH
 */
export function readPage(first: number | null | undefined, after: string | null | undefined, ...binding: unknown[]): Page {
  const size = first ?? DEFAULT_PAGE_SIZE;
  if (!Number.isInteger(size) || size < 1 || size > MAX_PAGE_SIZE)
    throw badInput('first', size, `a whole number from 1 to ${MAX_PAGE_SIZE}`);
  const hash = createHash('sha256').update(JSON.stringify(binding)).digest('base64url').slice(0, 16);
  return { first: size, keys: after == null ? null : readCursor(after, hash), binding: hash };
}

function readCursor(cursor: string, binding: string): unknown[] {
  let content: unknown;
  try {
    content = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    requirePlainData(content, 'after');
  } catch {
    content = null;
  }
  if (!Array.isArray(content) || content.length < 2) throw badInput('after', cursor, 'a cursor from an edge of this list, unchanged');
  if (content[0] !== binding) {
    throw new VitrineError(
      'CURSOR_MISMATCH',
      'after: this cursor belongs to a list with another query, filter, sort or model. Start again without `after`.',
      {
        field: 'after',
        value: cursor,
      },
    );
  }
  return content.slice(1);
}

const POSTGRES_MOMENT = /^(?!0000)\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,6})?[+-](0\d|1[0-5])(:\d\d)?$/;
const isMoment = (text: string) => z.iso.datetime({ offset: true }).safeParse(text).success;

/** Sort values that PostgreSQL can read, whoever wrote them. */
export const cursorKey = {
  text: z.string(),
  /** As JavaScript writes it. */
  moment: z.iso.datetime().refine((text) => !text.startsWith('0000')),
  /** As PostgreSQL writes it, to the microsecond. */
  exactMoment: z.string().refine((text) => POSTGRES_MOMENT.test(text) && isMoment(text.replace(' ', 'T').replace(/[+-]\d\d$/, '$&:00'))),
  integer: z.int32(),
  bigInteger: z.int(),
  number: z.number(),
  id: z.uuid(),
};

/**
 * The cursor's sort values, checked: a cursor comes back from outside and may have been made by hand.
 * @throws VitrineError BAD_USER_INPUT
 */
export function readKeys<Keys>(page: Page, shape: z.ZodType<Keys>, after: string | null | undefined): Keys | null {
  if (page.keys === null) return null;
  const parsed = shape.safeParse(page.keys);
  if (!parsed.success) throw badInput('after', after, 'a cursor from an edge of this list, unchanged');
  return parsed.data;
}

/** Builds a page from up to `first + 1` rows; `keysOf` gives the sort values that a cursor must hold. */
export function toConnection<Row, T>(
  page: Page,
  rows: readonly Row[],
  totalCount: number,
  toNode: (row: Row) => T,
  keysOf: (row: Row) => readonly unknown[],
): Connection<T> {
  const edges = rows.slice(0, page.first).map((row) => ({
    cursor: Buffer.from(JSON.stringify([page.binding, ...keysOf(row)])).toString('base64url'),
    node: toNode(row),
  }));
  return {
    edges,
    totalCount,
    pageInfo: {
      hasNextPage: rows.length > page.first,
      hasPreviousPage: page.keys !== null,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
  };
}

/** The same page of what its rows become. */
export function mapNodes<Row, T>(connection: Connection<Row>, toNode: (row: Row) => T): Connection<T> {
  return { ...connection, edges: connection.edges.map((edge) => ({ cursor: edge.cursor, node: toNode(edge.node) })) };
}

/** A connection as GraphQL reads it, with its count made when the field is. */
export function countedWhenAsked<T>({ totalCount, ...connection }: LazyConnection<T>): Connection<T> {
  return Object.defineProperty(connection, 'totalCount', { get: totalCount, enumerable: true }) as unknown as Connection<T>;
}
