import { Link } from '@tanstack/react-router';
import { useEffect, useSyncExternalStore } from 'react';
import { Button, DropZone, FileTrigger, type FileDropItem } from 'react-aria-components';
import { bytes, m, percent } from '../messages/catalogue';
import { mayEdit, useSession } from '../session/session';
import { isOver, type UploadRow, uploads } from './uploads';

export function BringInPage() {
  const rows = useSyncExternalStore(uploads.subscribe, uploads.rows);
  const session = useSession();
  const busy = rows.some((row) => !isOver(row));
  useEffect(() => {
    document.title = `${m.bringIn.title} · Vitrine`;
  }, []);
  useEffect(() => {
    if (!busy) return;
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    addEventListener('beforeunload', ask);
    return () => removeEventListener('beforeunload', ask);
  }, [busy]);

  return (
    <div className="page bring-in">
      <h1>{m.bringIn.title}</h1>
      <p className="lead">{m.bringIn.lead}</p>
      {mayEdit(session) ? (
        <DropZone
          className="drop"
          onDrop={async ({ items }) => {
            const files = items.filter((item): item is FileDropItem => item.kind === 'file');
            uploads.add(await Promise.all(files.map((item) => item.getFile())));
          }}
        >
          <span className="drop-words" aria-hidden="true">
            {m.bringIn.drop} <span className="quiet">{m.bringIn.or}</span>
          </span>
          <FileTrigger allowsMultiple onSelect={(files) => uploads.add([...(files ?? [])])}>
            <Button className="button primary">{m.bringIn.choose}</Button>
          </FileTrigger>
        </DropZone>
      ) : (
        <p className="notice warn">{m.bringIn.forbidden}</p>
      )}
      {rows.length > 0 && <Rows rows={rows} busy={busy} />}
    </div>
  );
}

function Rows({ rows, busy }: { rows: readonly UploadRow[]; busy: boolean }) {
  const count = (...states: UploadRow['state'][]) => rows.filter(({ state }) => states.includes(state)).length;
  const added = count('CREATED', 'UPDATED');
  return (
    <section aria-label={m.bringIn.files}>
      <div className="bring-in-head">
        <p role="status">
          {busy ? m.bringIn.keepOpen : m.bringIn.summary(added, count('DUPLICATE'), count('REJECTED', 'FAILED', 'BROKEN'))}
        </p>
        {count('BROKEN') > 0 && !busy && (
          <button type="button" onClick={() => uploads.goOn()}>
            {m.bringIn.goOn}
          </button>
        )}
        {!busy && (
          <button type="button" onClick={() => uploads.clear()}>
            {m.bringIn.clear}
          </button>
        )}
        {!busy && added > 0 && uploads.since && (
          <Link to="/" search={{ since: uploads.since }} className="button primary">
            {m.bringIn.show}
          </Link>
        )}
      </div>
      <ul className="upload-rows">
        {rows.map((row) => (
          <li key={row.key} className={`upload state-${row.state}`}>
            <span className="upload-name" dir="auto">
              {row.assetId ? (
                <Link to="/asset/$id" params={{ id: row.assetId }} aria-label={m.bringIn.open(row.file.name)}>
                  {row.file.name}
                </Link>
              ) : (
                row.file.name
              )}
            </span>
            <span className="quiet">{bytes(row.file.size)}</span>
            <span className="upload-state">
              {row.state === 'SENDING'
                ? `${m.bringIn.states.SENDING} ${percent(Math.round(row.sent * 100) / 100)}`
                : m.bringIn.states[row.state]}
            </span>
            {row.message && <span className="upload-message">{row.message}</span>}
          </li>
        ))}
      </ul>
    </section>
  );
}
