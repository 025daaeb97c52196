import { isUtf8 } from 'node:buffer';
import type { Dirent } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { isVitrineError, VitrineError } from '../../errors.js';
import { FileNames, keyOf, readFilePath } from '../../platform/files/file-name.js';
import type { ItemSource, PathSource, PlannedItem } from './import-source.js';

/**
 * The real path of `requested`, if it lies inside one of `roots` after following links.
 * @throws VitrineError FORBIDDEN, FILE_NOT_FOUND, BAD_USER_INPUT
 */
export async function resolveInside(
  roots: readonly string[],
  requested: string,
  wanted: 'folder' | 'file',
  field: string,
): Promise<string> {
  if (roots.length === 0) {
    throw new VitrineError(
      'FORBIDDEN',
      `${field}: this server may not read any folder. Its operator allows some with VITRINE_IMPORT_ROOTS; or upload the files.`,
      { field },
    );
  }
  // Outside the roots, existing and missing paths get one answer, so that nobody maps the disk by asking.
  const outside = new VitrineError(
    'FORBIDDEN',
    `${field}: ${JSON.stringify(requested)} is not inside a folder that this server may read.`,
    {
      field,
      value: requested,
      allowed: 'a path inside VITRINE_IMPORT_ROOTS',
    },
  );
  const absolute = path.resolve(roots[0] as string, requested);
  const realRoots = await Promise.all(roots.map((root) => realpath(root).catch(() => root)));
  const inside = (target: string) => realRoots.some((root) => target === root || target.startsWith(root + path.sep));
  const real = await realpath(absolute).catch(() => null);
  if (real === null) {
    if (!inside(absolute) && !roots.some((root) => absolute.startsWith(root + path.sep))) throw outside;
    throw new VitrineError('FILE_NOT_FOUND', `${field}: there is no ${wanted} ${JSON.stringify(requested)}.`, { field, value: requested });
  }
  if (!inside(real)) throw outside;
  const found = await stat(real);
  if (wanted === 'folder' ? !found.isDirectory() : !found.isFile()) {
    throw new VitrineError('BAD_USER_INPUT', `${field}: ${JSON.stringify(requested)} is not a ${wanted}.`, {
      field,
      value: requested,
      allowed: `a ${wanted}`,
    });
  }
  return real;
}

/**
 * All files below `folder`, depth first in name order. Hidden files are left out, links are not followed. A folder that cannot be read is
 * one item with an error, and the rest goes on.
 */
export async function* listFolder(folder: string): AsyncGenerator<PlannedItem> {
  const walk = async function* (at: Buffer, label: string): AsyncGenerator<PlannedItem> {
    let entries: Dirent<Buffer>[];
    try {
      entries = await readdir(at, { withFileTypes: true, encoding: 'buffer' });
    } catch (error) {
      yield { label: label || '.', source: null, fields: {}, error: unreadable(error as NodeJS.ErrnoException) };
      return;
    }
    entries.sort((a, b) => Buffer.compare(a.name, b.name));
    for (const entry of entries) {
      if (entry.name[0] === HIDDEN) continue;
      const full = joined(at, entry.name);
      const below = label === '' ? readFilePath(entry.name) : `${label}/${readFilePath(entry.name)}`;
      if (entry.isDirectory()) yield* walk(full, below);
      else if (entry.isFile()) yield { label: below, source: pathSource(full), fields: {}, error: null };
    }
  };
  yield* walk(Buffer.from(folder), '');
}

/**
 * Finds files that a list names below `folder`, also where their names are written in another way (see {@link FileNames}). Every folder is
 * read once at most. @throws VitrineError FORBIDDEN, FILE_NOT_FOUND, BAD_USER_INPUT
 */
export function fileFinderIn(folder: string): (name: string) => Promise<ItemSource> {
  const listed = new Map<string, Promise<FileNames<Buffer>>>();
  const namesIn = (at: Buffer) => {
    const key = at.toString('latin1');
    const names = listed.get(key) ?? listNames(at);
    listed.set(key, names);
    return names;
  };
  return async (name) => {
    try {
      return { type: 'PATH', path: await resolveInside([folder], name, 'file', 'file') };
    } catch (error) {
      if (!isVitrineError(error, 'FILE_NOT_FOUND')) throw error;
      let at: Buffer = Buffer.from(folder);
      for (const part of keyOf(name).split('/')) {
        const found = (await namesIn(at)).find(part);
        if (found === null) throw error;
        if ('several' in found) throw severalFit(name);
        at = joined(at, found.value);
      }
      const source = pathSource(at);
      // Links may lead out.
      if (source.bytes === undefined) return { ...source, path: await resolveInside([folder], source.path, 'file', 'file') };
      const inside = Buffer.from(`${await realpath(folder)}${path.sep}`);
      const real = await realpath(at, 'buffer');
      if (!real.subarray(0, inside.length).equals(inside) || !(await stat(real)).isFile()) throw error;
      return source;
    }
  };
}

/** What the file system is asked for. */
export function diskPathOf({ path, bytes }: PathSource): string | Buffer {
  return bytes === undefined ? path : Buffer.from(bytes, 'base64');
}

/** More than one file could be meant. */
export function severalFit(name: string): VitrineError {
  const message = `file: several files are called ${JSON.stringify(name)} but for capitals or the form of their characters. Write the name exactly.`;
  return new VitrineError('MANIFEST_INVALID', message, { field: 'file', value: name });
}

const HIDDEN = '.'.charCodeAt(0);

async function listNames(at: Buffer): Promise<FileNames<Buffer>> {
  const names = await readdir(at, { encoding: 'buffer' }).catch(() => []);
  return new FileNames(names.map((name) => [readFilePath(name), name] as const));
}

function joined(folder: Buffer, name: Buffer): Buffer {
  return Buffer.concat([folder, Buffer.from(path.sep), name]);
}

/** A file on disk by the bytes of its path. */
export function pathSource(full: Buffer): PathSource {
  return isUtf8(full)
    ? { type: 'PATH', path: full.toString() }
    : { type: 'PATH', path: readFilePath(full), bytes: full.toString('base64') };
}

function unreadable({ code }: NodeJS.ErrnoException): VitrineError {
  if (code === 'ENOENT' || code === 'ENOTDIR') return new VitrineError('FILE_NOT_FOUND', 'The folder is not there any more.');
  if (code === 'EACCES' || code === 'EPERM') {
    return new VitrineError('FILE_UNREADABLE', 'The folder may not be read by the user that Vitrine runs as.');
  }
  return new VitrineError('FILE_UNREADABLE', `The folder cannot be read (${code}).`);
}
