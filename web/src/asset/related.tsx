import { Link } from '@tanstack/react-router';
import { useQuery } from 'urql';
import { type CardFragment, NearAssetsDocument, SimilarAssetsDocument } from '../graphql/operations';
import { Thumbnail } from '../library/card';
import { ratioOf } from '../library/justify';
import { m } from '../messages/catalogue';

const HEIGHT = 92;

/** Other files of the same picture, and how they differ from it. */
export function NearAssets({ id }: { id: string }) {
  const [{ data }] = useQuery({ query: NearAssetsDocument, variables: { id } });
  const group = data?.nearDuplicates.edges[0]?.node;
  const others = group?.assets.filter((asset) => asset.id !== id) ?? [];
  if (others.length === 0) return null;
  const relation = (other: string) => group?.pairs.find(({ assets }) => assets.includes(id) && assets.includes(other))?.relation;
  return (
    <Strip
      title={m.asset.near}
      assets={others}
      note={(asset) => {
        const found = relation(asset.id);
        return found ? m.relation[found] : undefined;
      }}
    />
  );
}

export function SimilarAssets({ id }: { id: string }) {
  const [{ data }] = useQuery({ query: SimilarAssetsDocument, variables: { id } });
  if (!data) return null;
  const assets = data.similarAssets.edges.map(({ node }) => node);
  return assets.length > 0 ? <Strip title={m.asset.similar} assets={assets} /> : <p className="quiet">{m.asset.noSimilar}</p>;
}

function Strip({
  title,
  assets,
  note,
}: {
  title: string;
  assets: readonly CardFragment[];
  note?: (asset: CardFragment) => string | undefined;
}) {
  return (
    <section className="strip">
      <h2>{title}</h2>
      <ul>
        {assets.map((asset) => (
          <li key={asset.id} style={{ width: Math.round(ratioOf(asset) * HEIGHT) }}>
            <Link to="/asset/$id" params={{ id: asset.id }} replace>
              <Thumbnail asset={asset} height={HEIGHT} />
              <span className="card-title" dir="auto">
                {asset.title || asset.fileName}
              </span>
              {note?.(asset) && <span className="quiet">{note(asset)}</span>}
            </Link>
          </li>
        ))}
      </ul>
    </section>
  );
}
