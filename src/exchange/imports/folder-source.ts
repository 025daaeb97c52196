import { type Dirent } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { VitrineError } from '../../errors.js';
import type { PlannedItem } from './import-source.js';

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
  const walk = async function* (at: string): AsyncGenerator<PlannedItem> {
    let entries: Dirent[];
    try {
      entries = await readdir(at, { withFileTypes: true });
    } catch (error) {
      yield { label: path.relative(folder, at) || '.', source: null, fields: {}, error: unreadable(error as NodeJS.ErrnoException) };
      return;
    }
    entries.sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const entry of entries) {
      if (entry.name.startsWith('.')) continue;
      const full = path.join(at, entry.name);
      if (entry.isDirectory()) yield* walk(full);
      else if (entry.isFile()) yield { label: path.relative(folder, full), source: { type: 'PATH', path: full }, fields: {}, error: null };
    }
  };
  yield* walk(folder);
}

function unreadable({ code, message }: NodeJS.ErrnoException): VitrineError {
  if (code === 'ENOENT' || code === 'ENOTDIR') return new VitrineError('FILE_NOT_FOUND', 'The folder is not there any more.');
  if (code === 'EACCES' || code === 'EPERM') {
    return new VitrineError('FILE_UNREADABLE', 'The folder may not be read by the user that Vitrine runs as.');
  }
  return new VitrineError('FILE_UNREADABLE', `The folder cannot be read: ${message}.`);
}
