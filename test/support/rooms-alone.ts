import { readConfig } from '../../src/config.js';
import type { Room } from '../../src/platform/rooms/room.js';
import { type Ground, makeRooms } from '../../src/rooms.js';

/** A world in which nothing is there: rooms open nothing while they are made. */
export const NOTHING = { config: readConfig({}), files: {}, embedding: {}, media: {}, database: {}, queue: {} } as Ground;

export const roomsAlone: readonly Room[] = makeRooms(NOTHING);

export const declaredJobs = roomsAlone.flatMap((room) => room.jobs ?? []);
