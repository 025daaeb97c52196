import type { Config } from '../../config.js';
import { badInput, VitrineError } from '../../errors.js';
import type { Logger } from '../../log.js';
import { type LibraryApi, openLibraryApi, readFilterOption, required } from './library-api.js';
import { showProgress } from './progress.js';

export interface EditOptions {
  filter?: string;
  asset?: string[];
  addTag?: string[];
  removeTag?: string[];
  setTags?: string[];
  addTo?: string[];
  removeFrom?: string[];
  brand?: string;
  title?: string;
  metadata?: string[];
  key?: string;
  dryRun?: boolean;
  undo?: string;
  json?: boolean;
}

interface Edit {
  id: string;
  state: string;
  counts: Record<string, number>;
  undo: Record<string, unknown> | null;
}

interface Preview {
  total: number;
  examined: number;
  changed: number;
  unchanged: number;
  rejected: number;
  reasons: { message: string; count: number }[];
  examples: { title: string; changes: { field: string; before: string | null; after: string | null }[] }[];
  judged: number;
  rules: { rule: string; newlyObjected: number; resolved: number }[];
}

const POLL_MS = 250;
const EDIT = 'id state counts { total pending changed unchanged rejected gone failed cancelled } undo { state restored kept gone }';

/**
 * `vitrine edit`: one change to many assets, or a look at what it would do, or an undo.
 * @returns the exit code: 0, or 2 when some assets were left as they are
 */
export async function editCommand(config: Config, log: Logger, options: EditOptions): Promise<number> {
  const undone = options.undo;
  const input = undone === undefined ? { ...readSelection(options), change: readChange(options) } : null;
  const api = await openLibraryApi(config, log, { jobs: true });
  try {
    if (input === null) return await undo(api, undone as string, options);
    return options.dryRun
      ? await preview(api, input, options)
      : await edit(api, { ...input, idempotencyKey: options.key ?? null }, options);
  } finally {
    await api.close();
  }
}

function readSelection({ filter, asset }: EditOptions): object {
  if ((filter === undefined) === (asset === undefined))
    throw new VitrineError('BAD_USER_INPUT', 'Say which assets: --filter or --asset, one of them. `--filter {}` means all.', {
      field: '--filter',
    });
  return asset === undefined ? { filter: readFilterOption(filter) } : { assets: asset };
}

function readChange({ addTag, removeTag, setTags, addTo, removeFrom, brand, title, metadata }: EditOptions): object {
  const facts = (metadata ?? []).map((pair) => {
    const equals = pair.indexOf('=');
    if (equals < 1) throw badInput('--metadata', pair, 'key=value; key= clears it');
    return [pair.slice(0, equals), pair.slice(equals + 1) || null] as const;
  });
  const change = {
    ...((addTag || removeTag || setTags) && { tags: { add: addTag, remove: removeTag, set: setTags } }),
    ...((addTo || removeFrom) && { collections: { add: addTo, remove: removeFrom } }),
    ...(brand !== undefined && { brand: brand || null }),
    ...(title !== undefined && { title }),
    ...(facts.length > 0 && { metadata: Object.fromEntries(facts) }),
  };
  if (Object.keys(change).length === 0)
    throw new VitrineError('BAD_USER_INPUT', 'Say what is to be changed, such as --add-tag archive. See `vitrine edit --help`.', {
      field: 'change',
    });
  return change;
}

async function preview(api: LibraryApi, input: object, { json }: EditOptions): Promise<number> {
  const { assetBulkEditPreview: found } = await api.call<{ assetBulkEditPreview: Preview }>(
    `query ($input: AssetBulkEditPreviewInput!) { assetBulkEditPreview(input: $input) { total examined changed unchanged rejected judged
      reasons { code message count } examples { assetId title changes { field before after } } rules { rule title severity newlyObjected resolved } } }`,
    { input },
  );
  process.stdout.write(json ? `${JSON.stringify(found)}\n` : describePreview(found));
  return found.rejected > 0 ? 2 : 0;
}

function describePreview({ total, examined, changed, unchanged, rejected, reasons, examples, judged, rules }: Preview): string {
  const lines = [
    `${total} selected${examined < total ? `, ${examined} looked at` : ''}: ${changed} would change, ${unchanged} are like that, ${rejected} cannot.`,
  ];
  lines.push(...reasons.map(({ count, message }) => `  ${count} × ${message}`));
  for (const { title, changes } of examples) {
    lines.push(`  ${title}`);
    lines.push(...changes.map(({ field, before, after }) => `    ${field}: ${before ?? '(nothing)'} -> ${after ?? '(nothing)'}`));
  }
  if (judged < changed && rules.length > 0) lines.push(`Rules, tried on ${judged}:`);
  lines.push(...rules.map(({ rule, newlyObjected, resolved }) => `  ${rule}: ${newlyObjected} newly objected to, ${resolved} no longer`));
  return `${lines.join('\n')}\n`;
}

async function edit(api: LibraryApi, input: object, { json }: EditOptions): Promise<number> {
  const { assetBulkEditCreate: made } = await api.call<{ assetBulkEditCreate: { edit: Edit | null; userErrors: [] } }>(
    `mutation ($input: AssetBulkEditCreateInput!) { assetBulkEditCreate(input: $input) { edit { ${EDIT} } userErrors { code field message } } }`,
    { input },
  );
  const begun = required(made.edit, made.userErrors);
  const done = await follow(api, begun.id, 'Changing', ({ state }) => state !== 'RUNNING');
  const { total: _, ...counts } = done.counts;
  const said = Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([state, count]) => `${count} ${state}`);
  process.stdout.write(
    json
      ? `${JSON.stringify(done)}\n`
      : `Edit ${done.state.toLowerCase()}: ${said.join(', ') || 'nothing selected'}.\nTake it back: vitrine edit --undo ${done.id}\n`,
  );
  return (counts.rejected ?? 0) + (counts.failed ?? 0) + (counts.cancelled ?? 0) > 0 ? 2 : 0;
}

async function undo(api: LibraryApi, id: string, { json }: EditOptions): Promise<number> {
  const { assetBulkEditUndo: made } = await api.call<{ assetBulkEditUndo: { edit: Edit | null; userErrors: [] } }>(
    `mutation ($input: AssetBulkEditUndoInput!) { assetBulkEditUndo(input: $input) { edit { ${EDIT} } userErrors { code field message } } }`,
    { input: { id } },
  );
  required(made.edit, made.userErrors);
  const { undo: end } = await follow(api, id, 'Taking back', (found) => found.undo?.state !== 'RUNNING');
  process.stdout.write(
    json
      ? `${JSON.stringify(end)}\n`
      : `Taken back: ${end?.restored} as before, ${end?.kept} changed by somebody since and kept, ${end?.gone} deleted since.\n`,
  );
  return end?.kept === 0 ? 0 : 2;
}

async function follow(api: LibraryApi, id: string, label: string, isOver: (edit: Edit) => boolean): Promise<Edit> {
  const progress = showProgress(label);
  try {
    for (;;) {
      const { assetBulkEdit: found } = await api.call<{ assetBulkEdit: Edit }>(`query ($id: ID!) { assetBulkEdit(id: $id) { ${EDIT} } }`, {
        id,
      });
      const { total = 0, pending = 0, changed = 0 } = found.counts;
      const { restored = 0, kept = 0, gone = 0 } = (found.undo ?? {}) as Record<string, number>;
      if (found.undo === null) progress.update(total - pending, total);
      else progress.update(restored + kept + gone, changed);
      if (isOver(found)) return found;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  } finally {
    progress.stop();
  }
}
