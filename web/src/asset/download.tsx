import { useState } from 'react';
import { Button, Menu, MenuItem, MenuTrigger, Popover } from 'react-aria-components';
import { useClient, useQuery } from 'urql';
import { ownFile } from '../base';
import { wordsFor } from '../frame/problem';
import { type AssetDetailsQuery, AssetPresetDocument, PresetsDocument } from '../graphql/operations';
import { bytes, m } from '../messages/catalogue';

type Asset = NonNullable<AssetDetailsQuery['asset']>;

/** The original as it is, or a rendition for a use, made when it is asked for. */
export function Download({ asset }: { asset: Asset }) {
  const [state, setState] = useState<'closed' | 'open'>('closed');
  const [said, setSaid] = useState<string | null>(null);
  const client = useClient();
  const [{ data }] = useQuery({ query: PresetsDocument, pause: state === 'closed' || asset.kind !== 'IMAGE' });
  const take = async (key: string) => {
    if (key === '') return save(asset.originalUrl, asset.fileName);
    setSaid(m.asset.preparing);
    const { data: made, error } = await client
      .query(AssetPresetDocument, { id: asset.id, preset: key }, { requestPolicy: 'network-only' })
      .toPromise();
    const rendition = made?.asset?.rendition;
    setSaid(error ? wordsFor(error) : null);
    if (rendition) save(rendition.url, `${asset.fileName.replace(/\.[^.]+$/, '')}-${key}.${rendition.mediaType.split('/')[1]}`);
  };
  return (
    <>
      <MenuTrigger onOpenChange={(open) => setState(open ? 'open' : 'closed')}>
        <Button className="button">{m.asset.download}</Button>
        <Popover className="menu-popover" placement="bottom start">
          <Menu onAction={(key) => void take(String(key).replace(/^original$/, ''))}>
            <MenuItem id="original">{`${m.asset.original} (${bytes(asset.byteSize)})`}</MenuItem>
            {(data?.renditionPresets ?? []).map((preset) => (
              <MenuItem key={preset.key} id={preset.key}>
                {m.asset.asPreset(preset.title, preset.width, preset.height, preset.format)}
              </MenuItem>
            ))}
          </Menu>
        </Popover>
      </MenuTrigger>
      {said && (
        <span role="status" className="quiet">
          {said}
        </span>
      )}
    </>
  );
}

/** A link of the page's own origin may name the file that is saved. */
function save(url: string, name: string): void {
  const link = document.createElement('a');
  link.href = ownFile(url);
  link.download = name;
  link.click();
}
