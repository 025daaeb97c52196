import { Prisma } from './prisma-client/client.js';

/** A piece of SQL with its bound values; pieces nest. Values never become text. */
export type Sql = Prisma.Sql;
export const sql = Prisma.sql;
export const join = Prisma.join;
export const empty = Prisma.empty;
/** Text put into SQL as it is: for names that our own code chose, never for input. */
export const raw = Prisma.raw;
/** Marks a value that Prisma must write as SQL null in a JSON column. */
export const DbNull = Prisma.DbNull;
export type JsonInput = Prisma.InputJsonValue;
