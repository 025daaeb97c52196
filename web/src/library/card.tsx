import { Link } from '@tanstack/react-router';
import { type KeyboardEvent, memo, useState } from 'react';
import { ownFile } from '../base';
import type { CardFragment } from '../graphql/operations';
import { m } from '../messages/catalogue';

interface Props {
  asset: CardFragment;
  /** Where it lies in the grid, in pixels. */
  left: number;
  top: number;
  width: number;
  height: number;
  /** Place in the whole list, from 0. */
  index: number;
  tabbable: boolean;
  onFocus: (index: number) => void;
  onKeyDown?: (event: KeyboardEvent, index: number) => void;
}

/** A picture and its title, as a link. The place is reserved before a byte of the picture is there. */
export const Card = memo(function Card({ asset, left, top, width, height, index, tabbable, onFocus, onKeyDown }: Props) {
  const name = asset.title || asset.fileName || m.library.untitled;
  return (
    <li
      className="card"
      style={{ width, insetInlineStart: left, transform: `translateY(${top}px)` }}
      aria-posinset={index + 1}
      aria-setsize={-1}
    >
      <Link
        to="/asset/$id"
        params={{ id: asset.id }}
        data-index={index}
        tabIndex={tabbable ? 0 : -1}
        onFocus={() => onFocus(index)}
        onKeyDown={onKeyDown && ((event) => onKeyDown(event, index))}
      >
        <Thumbnail asset={asset} width={width} height={height} />
        <span className="card-title" dir="auto">
          {name}
        </span>
      </Link>
    </li>
  );
});

/** The alternative text stands beside the title only where somebody wrote one that says more. */
export function Thumbnail({ asset, width, height }: { asset: CardFragment; width?: number; height?: number }) {
  const [broken, setBroken] = useState(false);
  const extension = asset.fileName.includes('.') ? (asset.fileName.split('.').at(-1) ?? '') : '';
  return (
    <span className="card-picture" style={{ height }}>
      {asset.thumbnailUrl && !broken ? (
        <img
          src={ownFile(asset.thumbnailUrl)}
          alt=""
          width={width}
          height={height}
          decoding="async"
          draggable={false}
          onError={() => setBroken(true)}
        />
      ) : (
        <span className="card-nothing" aria-hidden="true">
          {extension.slice(0, 5).toUpperCase() || '?'}
          <small>{m.library.noPreview}</small>
        </span>
      )}
      {asset.kind !== 'IMAGE' && <span className="card-kind">{m.kind[asset.kind]}</span>}
    </span>
  );
}
