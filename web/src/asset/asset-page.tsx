import { getRouteApi, Link, useCanGoBack, useNavigate, useRouter } from '@tanstack/react-router';
import { useEffect, useRef, useState } from 'react';
import { useQuery } from 'urql';
import { ownFile } from '../base';
import { ProblemNotice } from '../frame/problem';
import { AssetDetailsDocument, type AssetDetailsQuery, AssetPictureDocument } from '../graphql/operations';
import { lastView } from '../library/asset-pages';
import { m } from '../messages/catalogue';
import { mayEdit, useSession } from '../session/session';
import { Details } from './details';
import { Download } from './download';
import { EditForm } from './edit-form';
import { Findings } from './findings';
import { NearAssets, SimilarAssets } from './related';

const route = getRouteApi('/asset/$id');
type Asset = NonNullable<AssetDetailsQuery['asset']>;

/** One asset: the picture, what is known about it, and what the rules say. */
export function AssetPage() {
  const { id } = route.useParams();
  const [{ data, error, fetching }, again] = useQuery({
    query: AssetDetailsDocument,
    variables: { id },
    requestPolicy: 'cache-and-network',
  });
  const asset = data?.asset;
  useEffect(() => {
    if (asset) document.title = `${asset.title || asset.fileName} · Vitrine`;
  }, [asset]);
  return (
    <div className="asset-page">
      <Ways id={id} />
      {asset ? (
        <Shown key={asset.id} asset={asset} />
      ) : error && error.graphQLErrors[0]?.extensions.code !== 'BAD_USER_INPUT' ? (
        <ProblemNotice error={error} onRetry={() => again({ requestPolicy: 'network-only' })} />
      ) : fetching ? (
        <p className="quiet starting">{m.frame.loading}</p>
      ) : (
        <div className="empty" role="status">
          <h1>{m.library.noMatchTitle}</h1>
          <p>{m.asset.gone}</p>
          <Link to="/" className="button">
            {m.frame.toLibrary}
          </Link>
        </div>
      )}
    </div>
  );
}

/** Back to the view it was opened from, and to its neighbours there; Escape and the arrow keys do the same. */
function Ways({ id }: { id: string }) {
  const view = lastView();
  const items = view?.pages.current().items ?? [];
  const place = items.findIndex((item) => item.id === id);
  const before = items[place - 1]?.id;
  const after = place >= 0 ? items[place + 1]?.id : undefined;
  const navigate = useNavigate();
  const router = useRouter();
  const canGoBack = useCanGoBack();
  useEffect(() => {
    if (view && place >= 0) view.pages.active = id;
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey) return;
      const inside = (event.target as HTMLElement).closest('input, textarea, select, dialog, details, [role=grid], [role=listbox], video');
      if (inside) return;
      if (event.key === 'Escape') {
        if (view && canGoBack) router.history.back();
        else void navigate({ to: '/' });
      }
      const to = event.key === 'ArrowLeft' ? before : event.key === 'ArrowRight' ? after : undefined;
      // Neighbours replace each other, so that going back leads to the library.
      if (to) void navigate({ to: '/asset/$id', params: { id: to }, replace: true });
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, [view, place, id, before, after, navigate, router, canGoBack]);
  return (
    <div className="ways">
      <Link
        to="/"
        search={view?.search ?? {}}
        onClick={(event) => {
          if (!view || !canGoBack || event.metaKey || event.ctrlKey) return;
          event.preventDefault();
          router.history.back();
        }}
      >
        <span aria-hidden="true" className="arrow-back" /> {m.asset.back}
      </Link>
      <span className="ways-between">
        {before && (
          <Link to="/asset/$id" params={{ id: before }} replace className="button" aria-label={m.asset.previous}>
            <span aria-hidden="true" className="arrow-back" />
          </Link>
        )}
        {after && (
          <Link to="/asset/$id" params={{ id: after }} replace className="button" aria-label={m.asset.next}>
            <span aria-hidden="true" className="arrow-on" />
          </Link>
        )}
      </span>
    </div>
  );
}

function Shown({ asset }: { asset: Asset }) {
  const session = useSession();
  const [editing, setEditing] = useState(false);
  const [said, setSaid] = useState('');
  const edit = useRef<HTMLButtonElement>(null);
  const back = useRef(false);
  useEffect(() => {
    if (editing || !back.current) return;
    back.current = false;
    edit.current?.focus();
  }, [editing]);
  const copy = async () => {
    await navigator.clipboard.writeText(location.href);
    setSaid(m.asset.copied);
  };
  return (
    <div className="asset">
      <div className="asset-left">
        <Picture asset={asset} />
        <NearAssets id={asset.id} />
        <SimilarAssets id={asset.id} />
      </div>
      <div className="asset-right">
        <div className="asset-head">
          <h1 dir="auto">{asset.title || asset.fileName}</h1>
          <div className="actions">
            {mayEdit(session) && !editing && (
              <button
                ref={edit}
                type="button"
                onClick={() => {
                  setSaid('');
                  setEditing(true);
                }}
              >
                {m.asset.edit}
              </button>
            )}
            <Download asset={asset} />
            <button type="button" onClick={() => void copy()}>
              {m.asset.copyLink}
            </button>
          </div>
          <p role="status" className="quiet">
            {said}
          </p>
        </div>
        {editing ? (
          <EditForm
            asset={asset}
            onDone={(saved) => {
              back.current = true;
              setSaid(saved ? m.asset.saved : '');
              setEditing(false);
            }}
          />
        ) : (
          <Words asset={asset} />
        )}
        <Findings findings={asset.findings} />
        <Details asset={asset} />
      </div>
    </div>
  );
}

/** What people wrote about it. */
function Words({ asset }: { asset: Asset }) {
  return (
    <div className="words">
      {asset.description && <p dir="auto">{asset.description}</p>}
      <h2 className="small">{m.asset.altText}</h2>
      <p dir="auto" className={asset.altText ? '' : 'quiet'}>
        {asset.altText || m.asset.noAlt}
      </p>
      <h2 className="small">{m.asset.tags}</h2>
      {asset.tags.length === 0 ? (
        <p className="quiet">{m.asset.noTags}</p>
      ) : (
        <ul className="chips">
          {asset.tags.map((tag) => (
            <li key={tag}>
              <Link to="/" search={{ tag: [tag] }} className="chip">
                <bdi>{tag}</bdi>
              </Link>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

// At twice the pixels of the column at 1400: sharp on any screen, and small beside an original of print.
const LARGE = { width: 1600, height: 1600, fit: 'INSIDE', format: 'WEBP', quality: 82 } as const;

function Picture({ asset }: { asset: Asset }) {
  const still = asset.kind === 'IMAGE';
  const [{ data }] = useQuery({ query: AssetPictureDocument, variables: { id: asset.id, recipe: LARGE }, pause: !still });
  const [ready, setReady] = useState(false);
  const large = data?.asset?.rendition;
  const alt = asset.altText || `${asset.title || asset.fileName} (${m.asset.noAlt})`;
  if (asset.kind === 'VIDEO') {
    return (
      <div className="picture">
        {/* biome-ignore lint/a11y/useMediaCaption: films bring no captions */}
        <video
          controls
          preload="metadata"
          src={ownFile(asset.originalUrl)}
          poster={asset.thumbnailUrl ? ownFile(asset.thumbnailUrl) : undefined}
          aria-label={alt}
        />
      </div>
    );
  }
  if (!asset.thumbnailUrl && !large) return <div className="picture nothing">{m.asset.document}</div>;
  const { width, height } = asset;
  const box =
    width && height ? { aspectRatio: `${width} / ${height}`, '--ratio': width / height, '--natural': `${Math.max(width, 320)}px` } : {};
  return (
    <div className="picture">
      <div className="picture-box" style={box as React.CSSProperties}>
        {/* The thumbnail is there already; the large one takes its place when all of it is. */}
        {asset.thumbnailUrl && !ready && <img src={ownFile(asset.thumbnailUrl)} alt={large ? '' : alt} />}
        {large && <img src={ownFile(large.url)} alt={alt} onLoad={() => setReady(true)} className={ready ? '' : 'arriving'} />}
      </div>
    </div>
  );
}
