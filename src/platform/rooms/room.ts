import type { NodeType } from '../graphql/global-id.js';
import type { NodeFinder } from '../graphql/node.js';
import type { EventSource } from '../graphql/schema.js';
import type { OpenedFile } from '../http/file-delivery.js';
import type { DeclaredJob } from '../jobs/job-declaration.js';

/** What a room gives to the program. Rooms are made in order, from the lowest floor up, each from what stands below it. */
export interface Room<Services extends object = object> {
  /** By the names under which the program and its tests know them. */
  services: Services;
  resolvers?: readonly object[];
  jobs?: readonly DeclaredJob[];
  /** Finds nodes of the types that the room owns. */
  nodes?: Partial<Record<NodeType, NodeFinder>>;
  /** Sources of subscriptions, by topic. */
  events?: Record<string, EventSource>;
  /** Opens the file that a signed link leads to; null for links of other rooms. */
  openFile?(token: string): Promise<OpenedFile | null>;
  /** Before this process works: does for an organisation what an older version of the program did not do yet. */
  adopt?(organizationId: string): Promise<void>;
  close?(): Promise<unknown>;
}

type Union<T> = (T extends unknown ? (value: T) => void : never) extends (value: infer Both) => void ? Both : never;

/** The services of all rooms in one object. */
export function servicesOf<const Rooms extends readonly Room[]>(rooms: Rooms): Union<Rooms[number]['services']> {
  return Object.assign({}, ...rooms.map(({ services }) => services)) as Union<Rooms[number]['services']>;
}
