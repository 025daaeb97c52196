import { useBlocker } from '@tanstack/react-router';
import { useRef, useState } from 'react';
import { useClient, useMutation } from 'urql';
import { wordsFor } from '../frame/problem';
import { AssetDetailsDocument, type AssetDetailsQuery, SaveAssetDocument } from '../graphql/operations';
import { m } from '../messages/catalogue';
import { TagField } from './tag-field';

type Details = NonNullable<AssetDetailsQuery['asset']>;
type Draft = Pick<Details, 'title' | 'description' | 'tags'> & { altText: string };
type Field = keyof Draft;

const FIELDS = ['title', 'altText', 'description', 'tags'] as const satisfies Field[];
const draftOf = ({ title, description, tags, altText }: Details): Draft => ({ title, description, tags, altText: altText ?? '' });
const same = (a: Draft[Field], b: Draft[Field]) => JSON.stringify(a) === JSON.stringify(b);

/**
 * Changes what people write about an asset. Saved on the condition that nobody else saved in between: if somebody did, both versions are
 * shown, and what was typed stays.
 */
export function EditForm({ asset, onDone }: { asset: Details; onDone: (saved: boolean) => void }) {
  // What the draft began from: the fields that differ from it are the person's changes, and only those are sent.
  const [base, setBase] = useState({ draft: draftOf(asset), etag: asset.etag });
  const [draft, setDraft] = useState(base.draft);
  const [theirs, setTheirs] = useState<Draft | null>(null);
  const [problem, setProblem] = useState<{ field: string | null; message: string } | null>(null);
  const [{ fetching }, save] = useMutation(SaveAssetDocument);
  const client = useClient();
  const done = useRef(false);
  const changed = FIELDS.filter((field) => !same(draft[field], base.draft[field]));
  useBlocker({
    shouldBlockFn: () => changed.length > 0 && !done.current && !confirm(m.asset.unsaved),
    enableBeforeUnload: () => changed.length > 0 && !done.current,
  });

  const put = <F extends Field>(field: F, value: Draft[F]) => setDraft((before) => ({ ...before, [field]: value }));
  const finish = (saved: boolean) => {
    done.current = true;
    onDone(saved);
  };

  const submit = async (event: React.FormEvent) => {
    event.preventDefault();
    if (changed.length === 0) return finish(false);
    const fields = Object.fromEntries(changed.map((field) => [field, draft[field]]));
    const { data, error } = await save({ id: asset.id, ifMatch: base.etag, fields });
    const [refused] = data?.assetUpdate.userErrors ?? [];
    if (error) return setProblem({ field: null, message: wordsFor(error) });
    if (!refused) return finish(true);
    if (refused.code !== 'EDIT_CONFLICT') return setProblem({ field: refused.field?.split('.').at(-1) ?? null, message: refused.message });
    const now = (await client.query(AssetDetailsDocument, { id: asset.id }, { requestPolicy: 'network-only' }).toPromise()).data?.asset;
    if (!now) return setProblem({ field: null, message: m.asset.gone });
    const saved = draftOf(now);
    // What only they changed is theirs; what both changed is shown and decided by the person.
    const mine = Object.fromEntries(changed.map((field) => [field, draft[field]])) as Partial<Draft>;
    setProblem(null);
    setTheirs(saved);
    setDraft({ ...saved, ...mine });
    setBase({ draft: saved, etag: now.etag });
  };

  const conflict = (field: Field) => (theirs && !same(theirs[field], draft[field]) ? theirs[field] : null);
  const labels: Record<Field, string> = {
    title: m.asset.title,
    altText: m.asset.altText,
    description: m.asset.description,
    tags: m.asset.tags,
  };
  const theirValue = (field: Field) => {
    const value = conflict(field);
    if (value === null) return null;
    return (
      <div className="theirs">
        <p className="quiet">{m.asset.theirs(labels[field])}</p>
        <p dir="auto">{(Array.isArray(value) ? value.join(', ') : value) || m.value.none}</p>
        <button type="button" onClick={() => put(field, value)}>
          {m.asset.takeTheirs(labels[field])}
        </button>
      </div>
    );
  };

  const cancel = () => {
    if (changed.length === 0 || confirm(m.asset.unsaved)) finish(false);
  };

  return (
    <form className="edit" onSubmit={submit}>
      {theirs && (
        <div className="notice warn" role="alert">
          <div>
            <strong>{m.asset.conflictTitle}</strong>
            <p>{m.asset.conflict}</p>
          </div>
        </div>
      )}
      <label htmlFor="edit-title">{labels.title}</label>
      <input id="edit-title" value={draft.title} maxLength={500} dir="auto" onChange={(event) => put('title', event.target.value)} />
      {theirValue('title')}
      <label htmlFor="edit-alt">{labels.altText}</label>
      <textarea
        id="edit-alt"
        rows={2}
        value={draft.altText}
        maxLength={2000}
        dir="auto"
        aria-describedby="edit-alt-hint"
        onChange={(event) => put('altText', event.target.value)}
      />
      <p id="edit-alt-hint" className="quiet">
        {m.asset.altHint}
      </p>
      {theirValue('altText')}
      <label htmlFor="edit-description">{labels.description}</label>
      <textarea
        id="edit-description"
        rows={4}
        value={draft.description}
        maxLength={10_000}
        dir="auto"
        onChange={(event) => put('description', event.target.value)}
      />
      {theirValue('description')}
      <TagField tags={draft.tags} onChange={(tags) => put('tags', tags)} />
      {theirValue('tags')}
      <p role="alert" className="field-problem">
        {problem && (problem.field && problem.field in labels ? `${labels[problem.field as Field]}: ${problem.message}` : problem.message)}
      </p>
      <div className="actions">
        <button type="submit" className="primary" disabled={fetching}>
          {fetching ? m.asset.saving : m.asset.save}
        </button>
        <button type="button" onClick={cancel}>
          {m.asset.cancel}
        </button>
      </div>
    </form>
  );
}
