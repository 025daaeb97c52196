import { Link } from '@tanstack/react-router';
import type { AssetDetailsQuery } from '../graphql/operations';
import { bytes, day, m, moment, number } from '../messages/catalogue';

type Asset = NonNullable<AssetDetailsQuery['asset']>;

/** Facts of the file, rights, release, versions. */
export function Details({ asset }: { asset: Asset }) {
  const { rights, release } = asset;
  const facts = Object.entries(asset.metadata);
  return (
    <>
      <section className="panel">
        <h2>{m.asset.details}</h2>
        <dl>
          <Fact name={m.asset.brand}>
            {asset.brand && (
              <Link to="/" search={{ brand: [asset.brand.id] }}>
                {asset.brand.name}
              </Link>
            )}
          </Fact>
          <Fact name={m.asset.release}>
            {m.asset.releases[release.state]}
            {release.decidedByName && ` · ${release.decidedByName}`}
            {release.decidedAt && ` · ${moment(release.decidedAt)}`}
          </Fact>
          <Fact name={m.asset.collections}>{asset.collections.map(({ name }) => name).join(', ')}</Fact>
          <Fact name={m.asset.fileName}>{asset.fileName}</Fact>
          <Fact name={m.asset.type}>{asset.mediaType}</Fact>
          <Fact name={m.asset.dimensions}>{asset.width && asset.height && m.asset.pixels(asset.width, asset.height)}</Fact>
          <Fact name={m.asset.size}>{bytes(asset.byteSize)}</Fact>
          <Fact name={m.asset.added}>{moment(asset.createdAt)}</Fact>
        </dl>
      </section>
      <section className="panel">
        <h2>{m.asset.rights}</h2>
        {rights.holder || rights.license || rights.startsOn || rights.expiresOn ? (
          <dl>
            <Fact name={m.asset.holder}>{rights.holder}</Fact>
            <Fact name={m.asset.license}>{rights.license}</Fact>
            <Fact name={m.asset.usable}>
              {[rights.startsOn && m.asset.from(day(rights.startsOn)), rights.expiresOn && m.asset.until(day(rights.expiresOn))]
                .filter(Boolean)
                .join(' ')}
            </Fact>
          </dl>
        ) : (
          <p className="quiet">{m.asset.noRights}</p>
        )}
      </section>
      {facts.length > 0 && (
        <section className="panel">
          <h2>{m.asset.facts}</h2>
          <dl>
            {facts.map(([name, value]) => (
              <Fact key={name} name={name}>
                {typeof value === 'boolean'
                  ? value
                    ? m.value.yes
                    : m.value.no
                  : typeof value === 'number'
                    ? String(value)
                    : String(value ?? '')}
              </Fact>
            ))}
          </dl>
        </section>
      )}
      <section className="panel">
        <h2>{m.asset.versions}</h2>
        <ol className="versions">
          {asset.versions.map((version) => (
            <li key={version.id}>
              <strong>{m.asset.version(version.number)}</strong>
              {version.id === asset.currentVersion.id && <span className="badge">{m.asset.current}</span>}
              <span className="quiet" dir="auto">
                {[
                  version.fileName,
                  version.width && version.height && `${number(version.width)} × ${number(version.height)}`,
                  bytes(version.byteSize),
                  moment(version.createdAt),
                ]
                  .filter(Boolean)
                  .join(' · ')}
              </span>
            </li>
          ))}
        </ol>
      </section>
    </>
  );
}

function Fact({ name, children }: { name: string; children: React.ReactNode }) {
  if (children === null || children === undefined || children === '' || children === 0) return null;
  return (
    <div>
      <dt>{name}</dt>
      <dd dir="auto">{children}</dd>
    </div>
  );
}
