import { useWindowVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState, useSyncExternalStore } from 'react';
import { m } from '../messages/catalogue';
import type { AssetPages } from './asset-pages';
import { Card } from './card';
import { justify, ratioOf } from './justify';

const GAP = 12;
const CAPTION = 34;

/** All assets of a view in justified rows, of which only those near the screen are there. */
export function Grid({ pages }: { pages: AssetPages }) {
  const { items, hasMore } = useSyncExternalStore(pages.subscribe, pages.current);
  const box = useRef<HTMLUListElement>(null);
  const [place, setPlace] = useState({ width: 0, top: 0 });

  useLayoutEffect(() => {
    const element = box.current as HTMLUListElement;
    const measure = () => setPlace({ width: element.clientWidth, top: element.getBoundingClientRect().top + scrollY });
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    observer.observe(document.body);
    return () => observer.disconnect();
  }, []);

  const target = place.width < 600 ? 130 : 190;
  const ratios = useMemo(() => items.map(ratioOf), [items]);
  const rows = useMemo(() => (place.width > 0 ? justify(ratios, place.width, target, GAP) : []), [ratios, place.width, target]);
  const virtualizer = useWindowVirtualizer({
    count: rows.length,
    estimateSize: (index) => (rows[index]?.height ?? target) + CAPTION + GAP,
    overscan: 3,
    scrollMargin: place.top,
    initialOffset: () => scrollY,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: heights are computed, so new rows mean new sizes
  useLayoutEffect(() => virtualizer.measure(), [rows, virtualizer]);

  const [active, setActive] = useState(() =>
    Math.max(
      0,
      items.findIndex(({ id }) => id === pages.active),
    ),
  );
  const toFocus = useRef(pages.active === null ? -1 : active);
  const visible = virtualizer.getVirtualItems();
  const lastVisible = visible.at(-1)?.index ?? 0;

  useEffect(() => {
    if (hasMore && lastVisible >= rows.length - 6) pages.loadMore();
  }, [hasMore, lastVisible, rows.length, pages]);

  // The card that is moved to may not be drawn yet: it gets the focus as soon as it is.
  useEffect(() => {
    if (toFocus.current < 0) return;
    const link = box.current?.querySelector<HTMLElement>(`[data-index="${toFocus.current}"]`);
    if (!link) return;
    toFocus.current = -1;
    link.focus({ preventScroll: true });
  });

  const onFocus = useCallback(
    (index: number) => {
      setActive(index);
      pages.active = pages.current().items[index]?.id ?? null;
    },
    [pages],
  );
  const onKeyDown = useCallback(
    (event: KeyboardEvent, index: number) => {
      if (event.altKey || event.ctrlKey || event.metaKey) return;
      const next = moved(event.key, index, rows, ratios);
      if (next === null) return;
      event.preventDefault();
      const row = rows.findIndex(({ start, end }) => next >= start && next < end);
      virtualizer.scrollToIndex(row, { align: 'auto' });
      toFocus.current = next;
      setActive(next);
    },
    [rows, ratios, virtualizer],
  );

  // There is always one card that Tab reaches, scrolled away or not.
  const first = rows[visible[0]?.index ?? 0]?.start ?? 0;
  const end = rows[lastVisible]?.end ?? 0;
  const tabbable = active >= first && active < end ? active : first;

  return (
    <ul ref={box} className="grid" aria-label={m.library.grid} style={{ height: virtualizer.getTotalSize() }}>
      {visible.flatMap(({ index: rowIndex, start }) => {
        const row = rows[rowIndex];
        if (row === undefined) return [];
        let left = 0;
        return items.slice(row.start, row.end).map((asset, offset) => {
          const index = row.start + offset;
          const width = (ratios[index] ?? 1) * row.height;
          const at = left;
          left += width + GAP;
          return (
            <Card
              key={asset.id}
              asset={asset}
              left={at}
              top={start - place.top}
              width={width}
              height={row.height}
              index={index}
              tabbable={index === tabbable}
              onFocus={onFocus}
              onKeyDown={onKeyDown}
            />
          );
        });
      })}
    </ul>
  );
}

/** Where a key leads from a card, null when it leads nowhere. Up and down go to the card that lies most nearly above or below. */
function moved(key: string, index: number, rows: ReturnType<typeof justify>, ratios: readonly number[]): number | null {
  const last = ratios.length - 1;
  const forward = document.documentElement.dir === 'rtl' ? 'ArrowLeft' : 'ArrowRight';
  const back = forward === 'ArrowLeft' ? 'ArrowRight' : 'ArrowLeft';
  if (key === forward) return index < last ? index + 1 : null;
  if (key === back) return index > 0 ? index - 1 : null;
  if (key === 'Home') return 0;
  if (key === 'End') return last;
  if (key !== 'ArrowUp' && key !== 'ArrowDown') return null;
  const at = rows.findIndex(({ start, end }) => index >= start && index < end);
  const from = rows[at];
  const to = rows[at + (key === 'ArrowDown' ? 1 : -1)];
  if (from === undefined || to === undefined) return null;
  const middle = (row: typeof from, item: number) => {
    let left = 0;
    for (let other = row.start; other < item; other += 1) left += (ratios[other] as number) * row.height + GAP;
    return left + ((ratios[item] as number) * row.height) / 2;
  };
  const wanted = middle(from, index);
  let best = to.start;
  for (let item = to.start; item < to.end; item += 1)
    if (Math.abs(middle(to, item) - wanted) < Math.abs(middle(to, best) - wanted)) best = item;
  return best;
}
