import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { useEffect } from 'react';
import { useQuery } from 'urql';
import { ProblemNotice } from '../frame/problem';
import {
  BrandsDocument,
  type CardFragment,
  ComplianceDocument,
  type ComplianceQuery,
  RuleBrandsDocument,
  WorstCardsDocument,
} from '../graphql/operations';
import { Thumbnail } from '../library/card';
import { verdictRank } from '../library/search';
import { m, moment, number, percent } from '../messages/catalogue';

const route = getRouteApi('/compliance');
type Report = ComplianceQuery['complianceReport'];

/** Of a whole brand, or of the library: what is judged, what fails, and where to begin. Every figure leads into the grid. */
export function CompliancePage() {
  const { brand } = route.useSearch();
  const navigate = useNavigate();
  const [{ data: brands }] = useQuery({ query: BrandsDocument });
  const [{ data, error }, again] = useQuery({
    query: ComplianceDocument,
    variables: { brand: brand ?? null },
    requestPolicy: 'cache-and-network',
  });
  useEffect(() => {
    document.title = `${m.compliance.title} · Vitrine`;
  }, []);
  const report = data?.complianceReport;
  return (
    <div className="page compliance">
      <div className="page-head">
        <div>
          <h1>{m.compliance.title}</h1>
          <p className="quiet">{report ? m.compliance.lead(moment(report.asOf)) : m.frame.loading}</p>
        </div>
        <label className="sort">
          <span>{m.compliance.brand}</span>
          <select
            value={brand ?? ''}
            onChange={(event) => void navigate({ to: '/compliance', search: event.target.value ? { brand: event.target.value } : {} })}
          >
            <option value="">{m.compliance.all}</option>
            {brands?.brands.edges.map(({ node }) => (
              <option key={node.id} value={node.id}>
                {node.name}
              </option>
            ))}
          </select>
        </label>
      </div>
      {error && <ProblemNotice error={error} onRetry={() => again({ requestPolicy: 'network-only' })} />}
      {report && (
        <>
          <div className="figures">
            <Score report={report} />
            <Verdicts report={report} brand={brand} />
          </div>
          <Rules report={report} brand={brand} />
          <Worst report={report} />
        </>
      )}
    </div>
  );
}

function Score({ report: { score, coverage } }: { report: Report }) {
  return (
    <section className="panel score">
      <h2>{m.compliance.score}</h2>
      {score === null ? <p>{m.compliance.noScore}</p> : <p className="big">{percent(score)}</p>}
      {score !== null && <p className="quiet">{m.compliance.scoreExplained}</p>}
      {coverage !== null && <p className="quiet">{m.compliance.coverage(percent(coverage))}</p>}
    </section>
  );
}

const inOrder = <T extends { verdict: string; assets: number }>(counts: readonly T[]): T[] =>
  counts.filter(({ assets }) => assets > 0).toSorted((a, b) => verdictRank(a.verdict) - verdictRank(b.verdict));

function Verdicts({ report, brand }: { report: Report; brand: string | undefined }) {
  return (
    <section className="panel">
      <h2>{m.compliance.verdicts}</h2>
      <ul className="bars">
        {inOrder(report.counts).map(({ verdict, assets }) => (
          <li key={verdict}>
            <Link to="/" search={{ verdict, ...(brand && { brand: [brand] }) }}>
              <span className={`dot verdict-${verdict}`} aria-hidden="true" />
              <span className="bar-label">{m.verdict[verdict]}</span>
              <span className="bar-track" aria-hidden="true">
                <span className={`bar-fill verdict-${verdict}`} style={{ width: `${(assets / Math.max(1, report.assets)) * 100}%` }} />
              </span>
              <span className="bar-value">{number(assets)}</span>
            </Link>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Rules({ report, brand }: { report: Report; brand: string | undefined }) {
  // Brands often have rules of the same name: where all are shown, each says whose it is.
  const pause = brand !== undefined || report.perRule.length === 0;
  const [{ data }] = useQuery({ query: RuleBrandsDocument, variables: { ids: report.perRule.map(({ ruleId }) => ruleId) }, pause });
  const [{ data: named }] = useQuery({ query: BrandsDocument, pause });
  const names = new Map(named?.brands.edges.map(({ node }) => [node.id, node.name]));
  const brandOf = new Map(data?.nodes.flatMap((node) => (node && 'brandId' in node ? [[node.id, names.get(node.brandId)] as const] : [])));
  return (
    <section className="panel">
      <h2>{m.compliance.rules}</h2>
      {report.perRule.length === 0 && <p className="quiet">{m.compliance.noRules}</p>}
      <ul className="rules">
        {report.perRule.map((rule) => (
          <li key={rule.ruleId}>
            <span className="rule-title" dir="auto">
              {rule.title}
              {!pause && brandOf.get(rule.ruleId) && <span className="rule-brand">{brandOf.get(rule.ruleId)}</span>}
            </span>
            <span className={`severity severity-${rule.severity}`}>{m.severity[rule.severity]}</span>
            <span className="rule-counts">
              {inOrder(rule.counts)
                .filter(({ verdict }) => verdict !== 'NOT_APPLICABLE')
                .map(({ verdict, assets }) => (
                  <Link
                    key={verdict}
                    to="/"
                    search={{ verdict, rule: rule.ruleId, ...(brand && { brand: [brand] }) }}
                    className={`verdict verdict-${verdict}`}
                    aria-label={m.compliance.showAssets(assets, m.verdict[verdict], rule.title)}
                  >
                    <span className={`dot verdict-${verdict}`} aria-hidden="true" />
                    {number(assets)} <span>{m.verdict[verdict]}</span>
                  </Link>
                ))}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Worst({ report: { worstAssets } }: { report: Report }) {
  const [{ data }] = useQuery({
    query: WorstCardsDocument,
    variables: { ids: worstAssets.map(({ assetId }) => assetId) },
    pause: worstAssets.length === 0,
  });
  const cards = new Map(data?.nodes.flatMap((node) => (node && 'title' in node ? [[node.id, node as CardFragment] as const] : [])));
  return (
    <section>
      <h2>{m.compliance.worst}</h2>
      {worstAssets.length === 0 && <p className="quiet">{m.compliance.noWorst}</p>}
      <ul className="worst">
        {worstAssets.map((worst) => {
          const card = cards.get(worst.assetId);
          return (
            <li key={worst.assetId}>
              <Link to="/asset/$id" params={{ id: worst.assetId }}>
                {card ? <Thumbnail asset={card} /> : <span className="card-picture" />}
                <strong dir="auto">{worst.title || worst.fileName}</strong>
              </Link>
              <p className="quiet">{m.compliance.breaks(worst.failures)}</p>
              <ul lang="en">
                {worst.findings.slice(0, 3).map((finding) => (
                  <li key={finding.findingId}>{finding.message}</li>
                ))}
              </ul>
            </li>
          );
        })}
      </ul>
    </section>
  );
}
