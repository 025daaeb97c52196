import { Link, getRouteApi, useNavigate } from '@tanstack/react-router';
import { useEffect, useMemo, useRef, useState, useSyncExternalStore } from 'react';
import { useQuery } from 'urql';
import { LibraryTotalDocument, ModelDocument } from '../graphql/operations';
import { m, moment } from '../messages/catalogue';
import { ProblemNotice } from '../frame/problem';
import { type LoadedAssets, pagesOf } from './asset-pages';
import { ChosenConditions, Chip, Facets } from './facets';
import { Grid } from './grid';
import { conditionCount, type LibrarySearch, SORT_NAMES, variablesOf } from './search';

const route = getRouteApi('/');

export function LibraryPage() {
  const search = route.useSearch();
  const pages = useMemo(() => pagesOf(search), [search]);
  const loaded = useSyncExternalStore(pages.subscribe, pages.current);
  const { sort: _, ...counted } = variablesOf(search);
  // Total, facets and the model are asked for after the first page is drawn: the grid waits for none of them.
  const [{ data }] = useQuery({
    query: LibraryTotalDocument,
    variables: counted,
    pause: loaded.starting,
    requestPolicy: 'cache-and-network',
  });
  const total = data?.assets?.totalCount;
  const conditions = conditionCount(search);
  useEffect(() => {
    document.title = search.q ? `${search.q} · Vitrine` : 'Vitrine';
  }, [search.q]);

  return (
    <div className="library">
      <h1 className="hidden">{m.library.title}</h1>
      <div className="toolbar">
        <SearchBox key={search.q ?? ''} search={search} />
        <div className="toolbar-row">
          <FilterDrawer count={conditions} total={total}>
            {!loaded.starting && <Facets search={search} />}
          </FilterDrawer>
          <p className="total" role="status">
            {total === undefined || loaded.starting ? ' ' : m.library.total(total)}
          </p>
          <SortChoice search={search} />
        </div>
      </div>
      <aside className="filters" aria-label={m.library.filters}>
        {!loaded.starting && <Facets search={search} />}
      </aside>
      <section className="results" aria-label={m.library.title} aria-busy={loaded.starting}>
        <Understood search={search} loaded={loaded} conditions={conditions} />
        <Notices search={search} loaded={loaded} />
        {loaded.error ? (
          <ProblemNotice error={loaded.error} onRetry={() => location.reload()} />
        ) : (
          <Results search={search} loaded={loaded} conditions={conditions} pages={pages} />
        )}
      </section>
    </div>
  );
}

function Results({
  search,
  loaded,
  conditions,
  pages,
}: {
  search: LibrarySearch;
  loaded: LoadedAssets;
  conditions: number;
  pages: ReturnType<typeof pagesOf>;
}) {
  if (loaded.starting) return <p className="quiet starting">{m.frame.loading}</p>;
  if (loaded.items.length > 0) {
    return (
      <>
        <Grid key={JSON.stringify(search)} pages={pages} />
        <p className="quiet grid-end">{loaded.hasMore ? m.library.loadingMore : m.library.end}</p>
      </>
    );
  }
  if (search.q && loaded.search?.match === 'NONE') {
    return (
      <div className="empty" role="status">
        <h2>{m.library.noneTitle}</h2>
        <p dir="auto">{m.library.none(search.q)}</p>
        <Link to="/" search={{ ...search, all: true }} className="button">
          {m.library.showNearest}
        </Link>
      </div>
    );
  }
  if (search.q || conditions > 0) {
    return (
      <div className="empty" role="status">
        <h2>{m.library.noMatchTitle}</h2>
        <p>{m.library.noMatch}</p>
        <Link to="/" search={{}} className="button">
          {m.library.clearFilters}
        </Link>
      </div>
    );
  }
  return (
    <div className="empty">
      <h2>{m.library.emptyTitle}</h2>
      <p>{m.library.empty}</p>
      <Link to="/bring-in" className="button primary">
        {m.library.bringIn}
      </Link>
    </div>
  );
}

function SearchBox({ search }: { search: LibrarySearch }) {
  const navigate = useNavigate();
  const [text, setText] = useState(search.q ?? '');
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const focus = (event: KeyboardEvent) => {
      const writing = (event.target as HTMLElement).closest('input:not([type=checkbox]), textarea, select, [contenteditable]');
      if (event.key !== '/' || writing || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      field.current?.focus();
    };
    addEventListener('keydown', focus);
    return () => removeEventListener('keydown', focus);
  }, []);
  const go = (q: string) => {
    const { q: _q, all: _all, sort: _sort, ...rest } = search;
    void navigate({ to: '/', search: q.trim() === '' ? rest : { ...rest, q: q.trim() } });
  };
  return (
    <search>
      <form
        className="search"
        onSubmit={(event) => {
          event.preventDefault();
          go(text);
        }}
      >
        <input
          ref={field}
          type="text"
          enterKeyHint="search"
          aria-label={m.library.search}
          placeholder={m.library.placeholder}
          value={text}
          maxLength={1000}
          dir="auto"
          autoComplete="off"
          spellCheck={false}
          onChange={(event) => setText(event.target.value)}
        />
        {text !== '' && (
          <button type="button" className="icon" aria-label={m.library.clearSearch} onClick={() => (search.q ? go('') : setText(''))}>
            ×
          </button>
        )}
        <button type="submit" className="primary">
          {m.library.submit}
        </button>
      </form>
    </search>
  );
}

function SortChoice({ search }: { search: LibrarySearch }) {
  const navigate = useNavigate();
  const fallback = search.q ? 'best' : 'newest';
  return (
    <label className="sort">
      <span>{m.library.sort}</span>
      <select
        value={search.sort ?? fallback}
        onChange={(event) => {
          const sort = SORT_NAMES.find((name) => name === event.target.value && name !== fallback);
          void navigate({ to: '/', search: { ...search, sort } });
        }}
      >
        {search.q && <option value="best">{m.library.sorts.best}</option>}
        {SORT_NAMES.map((name) => (
          <option key={name} value={name}>
            {m.library.sorts[name]}
          </option>
        ))}
      </select>
    </label>
  );
}

/** Where there is no room for a column of filters they open over the page: a <dialog> keeps the focus inside and closes by Escape. */
function FilterDrawer({ count, total, children }: { count: number; total: number | undefined; children: React.ReactNode }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [open, setOpen] = useState(false);
  return (
    <div className="filter-drawer">
      <button
        type="button"
        aria-haspopup="dialog"
        onClick={() => {
          setOpen(true);
          dialog.current?.showModal();
        }}
      >
        {count > 0 ? m.library.filtersChosen(count) : m.library.filters}
      </button>
      <dialog ref={dialog} aria-label={m.library.filters} onClose={() => setOpen(false)}>
        <h2>{m.library.filters}</h2>
        <div className="drawer-body">{open && children}</div>
        <button type="button" className="primary" onClick={() => dialog.current?.close()}>
          {m.library.closeFilters(total)}
        </button>
      </dialog>
    </div>
  );
}

/** What the words were taken for, and the conditions beside them: each can be taken away. */
function Understood({ search, loaded, conditions }: { search: LibrarySearch; loaded: LoadedAssets; conditions: number }) {
  const navigate = useNavigate();
  const understood = loaded.search?.interpretedAs;
  const parts = [
    ...(understood?.terms ?? []).map(({ label, queryWithout }) => ({ label, queryWithout })),
    ...(understood?.without ?? []).map(({ label, queryWithout }) => ({ label: m.library.without(label), queryWithout })),
    ...(understood?.conditions ?? []).map(({ name, value, isNegated, queryWithout }) => {
      const label = `${name}: ${value}`;
      return { label: isNegated ? m.library.not(label) : label, queryWithout };
    }),
  ];
  if (parts.length === 0 && conditions === 0) return null;
  const remove = (queryWithout: string | null) => {
    const { q: _q, all: _all, ...rest } = search;
    void navigate({ to: '/', search: queryWithout ? { ...rest, q: queryWithout } : rest });
  };
  return (
    <div className="understood">
      {parts.length > 0 && <span className="quiet">{m.library.understood}</span>}
      {parts.map(({ label, queryWithout }) => (
        <Chip key={label} label={label} onRemove={() => remove(queryWithout)} />
      ))}
      <ChosenConditions search={search} />
      {search.since && (
        <Chip
          label={m.library.since(moment(search.since))}
          onRemove={() => void navigate({ to: '/', search: { ...search, since: undefined } })}
        />
      )}
      {conditions > 1 && (
        <Link to="/" search={{ ...(search.q && { q: search.q }) }} className="link">
          {m.library.clearFilters}
        </Link>
      )}
    </div>
  );
}

const HIDDEN_MODEL = 'vitrine.hidden-model';

function Notices({ search, loaded }: { search: LibrarySearch; loaded: LoadedAssets }) {
  const [{ data }] = useQuery({ query: ModelDocument, pause: loaded.starting });
  const [hidden, setHidden] = useState(() => localStorage.getItem(HIDDEN_MODEL));
  const model = data?.embeddingModel;
  const blind = model?.domains && !model.domains.includes('PHOTOGRAPH');
  // What this page says in its own words is not said twice.
  const others = loaded.search?.notices.filter((notice) => !model?.notices.includes(notice) && loaded.search?.match !== 'NONE') ?? [];
  return (
    <>
      {search.q && search.all && loaded.search?.match === 'NONE' && loaded.items.length > 0 && (
        <p className="notice warn">{m.library.nearest}</p>
      )}
      {loaded.search?.match === 'WEAK' && <p className="notice">{m.library.weak}</p>}
      {blind && hidden !== model.name && (
        <p className="notice">
          <span>{m.library.model(model.name)}</span>
          <button
            type="button"
            className="icon"
            aria-label={m.library.dismiss}
            onClick={() => {
              localStorage.setItem(HIDDEN_MODEL, model.name);
              setHidden(model.name);
            }}
          >
            ×
          </button>
        </p>
      )}
      {model &&
        others.map((notice) => (
          <p key={notice} className="notice" lang="en">
            {notice}
          </p>
        ))}
    </>
  );
}
