import { useNavigate } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import { useQuery } from 'urql';
import { BrandsDocument, LibraryFacetsDocument, type SearchFacet } from '../graphql/operations';
import { m, number } from '../messages/catalogue';
import { filterOf, type LibrarySearch, verdictRank } from './search';

/** A facet: the part of the address it sets, and whether several values can be chosen. */
const FACETS = [
  { facet: 'VERDICT', name: 'verdict', title: () => m.facet.verdict, several: false },
  { facet: 'BRAND', name: 'brand', title: () => m.facet.brand, several: true },
  { facet: 'KIND', name: 'kind', title: () => m.facet.kind, several: true },
  { facet: 'TAG', name: 'tag', title: () => m.facet.tag, several: true },
  { facet: 'COLOR', name: 'color', title: () => m.facet.color, several: false },
  { facet: 'MEDIA_TYPE', name: 'type', title: () => m.facet.type, several: true },
] as const;
type Facet = (typeof FACETS)[number];

/** A middling colour of each name. */
const SWATCHES: Record<string, string> = {
  black: '#1d1d1d',
  white: '#ffffff',
  grey: '#9a9a9a',
  red: '#d33a34',
  orange: '#ef8a2b',
  yellow: '#f2cb3c',
  green: '#3f9a52',
  turquoise: '#2aa8a3',
  blue: '#3568c9',
  purple: '#7c46b0',
  pink: '#e58cb4',
  brown: '#8a5a35',
};

const chosenIn = (search: LibrarySearch, facet: Facet): readonly string[] => {
  const value = search[facet.name];
  return value === undefined ? [] : typeof value === 'string' ? [value] : value;
};

/** Conditions to choose from, with counts. Asked for apart from the grid, which never waits for them. */
export function Facets({ search }: { search: LibrarySearch }) {
  // Tags all hold at once, so what remains is counted with those chosen; elsewhere a choice widens and its own condition is left out.
  const apart = FACETS.filter((facet) => facet.name !== 'tag' && chosenIn(search, facet).length > 0);
  const together = FACETS.filter((facet) => !apart.includes(facet));
  return (
    <>
      <FacetGroup search={search} facets={together} filter={filterOf(search)} />
      {apart.map((facet) => (
        <FacetGroup key={facet.name} search={search} facets={[facet]} filter={filterOf(search, facet.facet)} />
      ))}
    </>
  );
}

function FacetGroup({ search, facets, filter }: { search: LibrarySearch; facets: readonly Facet[]; filter: ReturnType<typeof filterOf> }) {
  const by: SearchFacet[] = facets.map(({ facet }) => facet);
  const [{ data, error }] = useQuery({
    query: LibraryFacetsDocument,
    variables: { query: search.q ?? null, filter, showAll: search.all ?? null, by },
    requestPolicy: 'cache-and-network',
  });
  if (error) return <p className="quiet">{m.facet.failed}</p>;
  return facets.map((facet) => {
    const counted = data?.assets?.facets.find((found) => found.facet === facet.facet);
    return <FacetValues key={facet.name} facet={facet} search={search} values={counted?.values ?? null} exact={counted?.exact ?? true} />;
  });
}

interface ValuesProps {
  facet: Facet;
  search: LibrarySearch;
  values: readonly { value: string; count: number }[] | null;
  exact: boolean;
}

const SHORT = 8;

function FacetValues({ facet, search, values, exact }: ValuesProps) {
  const [long, setLong] = useState(false);
  const label = useLabels(facet);
  const navigate = useNavigate();
  const chosen = chosenIn(search, facet);
  // What is chosen stays in sight, counted or not: it must be possible to take it away.
  const all = [
    ...(values ?? []),
    ...chosen.filter((value) => !values?.some((known) => known.value === value)).map((value) => ({ value, count: null })),
  ];
  if (facet.facet === 'VERDICT') all.sort((a, b) => verdictRank(a.value) - verdictRank(b.value));
  if (all.length === 0) return null;
  const shown = long ? all : all.filter(({ value }, place) => place < SHORT || chosen.includes(value));

  const choose = (value: string, on: boolean) => {
    const { rule: _rule, ...rest } = search;
    const base = facet.name === 'verdict' ? rest : search;
    const next = facet.several ? (on ? [...chosen, value] : chosen.filter((other) => other !== value)) : on ? value : undefined;
    void navigate({ to: '/', search: { ...base, [facet.name]: next?.length ? next : undefined }, resetScroll: false });
  };
  return (
    <fieldset className="facet">
      <legend>{facet.title()}</legend>
      {!exact && <p className="quiet">{m.facet.about}</p>}
      {shown.map(({ value, count }) => (
        <label key={value} className={`facet-value ${facet.facet === 'VERDICT' ? `verdict-${value}` : ''}`}>
          <input type="checkbox" checked={chosen.includes(value)} onChange={(event) => choose(value, event.target.checked)} />
          {facet.facet === 'COLOR' && <span className="swatch" style={{ background: SWATCHES[value] ?? value }} />}
          <span className="facet-label" dir="auto">
            {label(value)}
          </span>
          {count !== null && <span className="facet-count">{number(count)}</span>}
        </label>
      ))}
      {all.length > SHORT && (
        <button type="button" className="link" onClick={() => setLong(!long)}>
          {long ? m.facet.less : m.facet.more}
          <span className="hidden">: {facet.title()}</span>
        </button>
      )}
    </fieldset>
  );
}

/** What a facet's value is called. Brands come as ids, and their names are asked for where they are needed. */
function useLabels(facet: Pick<Facet, 'facet'>): (value: string) => string {
  const [{ data }] = useQuery({ query: BrandsDocument, pause: facet.facet !== 'BRAND' });
  return useMemo(() => {
    const brands = new Map(data?.brands.edges.map(({ node }) => [node.id, node.name]));
    const words: Partial<Record<SearchFacet, Record<string, string>>> = { VERDICT: m.verdict, KIND: m.kind, COLOR: m.color };
    return (value) => (facet.facet === 'BRAND' ? (brands.get(value) ?? '…') : (words[facet.facet]?.[value] ?? value));
  }, [data, facet.facet]);
}

/** The chosen conditions as chips, each of which a click takes away. */
export function ChosenConditions({ search }: { search: LibrarySearch }) {
  return FACETS.flatMap((facet) =>
    chosenIn(search, facet).map((value) => <Chosen key={`${facet.name} ${value}`} facet={facet} value={value} search={search} />),
  );
}

function Chosen({ facet, value, search }: { facet: Facet; value: string; search: LibrarySearch }) {
  const label = useLabels(facet)(value);
  const navigate = useNavigate();
  const remove = () => {
    const left = chosenIn(search, facet).filter((other) => other !== value);
    const { rule, ...rest } = search;
    void navigate({
      to: '/',
      search: { ...rest, ...(facet.name !== 'verdict' && rule && { rule }), [facet.name]: left.length > 0 ? left : undefined },
    });
  };
  return <Chip label={facet.name === 'verdict' && search.rule ? `${label} · ${m.library.byRule}` : label} onRemove={remove} />;
}

export function Chip({ label, onRemove }: { label: string; onRemove: () => void }) {
  return (
    <button type="button" className="chip" onClick={onRemove} aria-label={m.library.removePart(label)}>
      <bdi>{label}</bdi>
      <span aria-hidden="true">×</span>
    </button>
  );
}
