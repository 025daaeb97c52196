import type { AssetDetailsQuery } from '../graphql/operations';
import { verdictRank } from '../library/search';
import { m } from '../messages/catalogue';
import { measuresOf } from './measures';

type Finding = NonNullable<AssetDetailsQuery['asset']>['findings'][number];

const SEVERITIES = ['BLOCKER', 'MAJOR', 'MINOR', 'INFO'];
const order = (finding: Finding) => verdictRank(finding.verdict) * 10 + SEVERITIES.indexOf(finding.severity);
const CALM = new Set(['PASS', 'NOT_APPLICABLE']);

/** What the rules say: what is broken at length, what is kept in one line that opens. */
export function Findings({ findings }: { findings: readonly Finding[] }) {
  const sorted = findings.toSorted((a, b) => order(a) - order(b));
  const calm = sorted.filter(({ verdict }) => CALM.has(verdict));
  const kept = calm.filter(({ verdict }) => verdict === 'PASS').length;
  return (
    <section className="panel findings">
      <h2>{m.asset.findings}</h2>
      {findings.length === 0 && <p className="quiet">{m.asset.noFindings}</p>}
      <ul>
        {sorted
          .filter(({ verdict }) => !CALM.has(verdict))
          .map((finding) => (
            <Shown key={finding.id} finding={finding} />
          ))}
      </ul>
      {calm.length > 0 && (
        <details>
          <summary>{m.asset.keeps(kept)}</summary>
          <ul>
            {calm.map((finding) => (
              <Shown key={finding.id} finding={finding} />
            ))}
          </ul>
        </details>
      )}
    </section>
  );
}

function Shown({ finding }: { finding: Finding }) {
  const measures = measuresOf(finding.measured, finding.required);
  return (
    <li className="finding">
      <h3 dir="auto">{finding.ruleTitle}</h3>
      <p className="finding-state">
        <span className={`verdict verdict-${finding.verdict}`}>
          <span className={`dot verdict-${finding.verdict}`} aria-hidden="true" />
          {m.verdict[finding.verdict]}
        </span>
        <span className={`severity severity-${finding.severity}`}>{m.severity[finding.severity]}</span>
      </p>
      <p lang="en" dir="auto">
        {finding.message}
      </p>
      {measures.length > 0 && (
        <table className="measures">
          <thead>
            <tr>
              <th scope="col">
                <span className="hidden">{m.asset.fact}</span>
              </th>
              <th scope="col">{m.asset.measured}</th>
              <th scope="col">{m.asset.required}</th>
            </tr>
          </thead>
          <tbody>
            {measures.map((row) => (
              <tr key={row.label}>
                <th scope="row">{row.label}</th>
                <td dir="auto">{row.measured ?? '–'}</td>
                <td dir="auto">{row.required ?? '–'}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {finding.remedy && (
        <p lang="en" className="remedy">
          {m.asset.remedy(finding.remedy)}
        </p>
      )}
    </li>
  );
}
