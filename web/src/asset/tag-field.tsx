import { useState } from 'react';
import { Button, Tag, TagGroup, TagList, ComboBox, Input, Label, ListBox, ListBoxItem, Popover, Text } from 'react-aria-components';
import { useQuery } from 'urql';
import { TagsBeginningDocument } from '../graphql/operations';
import { m } from '../messages/catalogue';

/** Tags with a field that suggests those of the library; Delete or the cross removes one. */
export function TagField({ tags, onChange }: { tags: readonly string[]; onChange: (tags: string[]) => void }) {
  const [text, setText] = useState('');
  const [{ data }] = useQuery({ query: TagsBeginningDocument, variables: { prefix: text.trim() }, pause: text.trim() === '' });
  const known = (data?.tags.edges ?? []).map(({ node }) => node.name).filter((name) => !tags.includes(name) && text.trim() !== '');
  const add = (given: string) => {
    const tag = given.trim();
    if (tag !== '' && !tags.includes(tag)) onChange([...tags, tag]);
    setText('');
  };
  return (
    <div className="tag-field">
      <TagGroup onRemove={(gone) => onChange(tags.filter((tag) => !gone.has(tag)))}>
        <Label>{m.asset.tags}</Label>
        <TagList
          items={tags.map((id) => ({ id }))}
          renderEmptyState={() => <span className="quiet">{m.asset.noTags}</span>}
          className="chips"
        >
          {({ id }) => (
            <Tag textValue={id} className="chip">
              <bdi>{id}</bdi>
              <Button slot="remove" aria-label={m.asset.removeTag(id)} className="icon">
                ×
              </Button>
            </Tag>
          )}
        </TagList>
      </TagGroup>
      <ComboBox
        allowsCustomValue
        inputValue={text}
        onInputChange={setText}
        items={known.map((id) => ({ id }))}
        onSelectionChange={(key) => key !== null && add(String(key))}
        selectedKey={null}
        menuTrigger="input"
      >
        <Label>{m.asset.addTag}</Label>
        <div className="tag-input">
          <Input
            dir="auto"
            maxLength={100}
            onKeyDown={(event) => {
              // With nothing highlighted in the list, Enter takes what is written; it never sends the form from here.
              if (event.key !== 'Enter' || event.currentTarget.getAttribute('aria-activedescendant')) return;
              event.preventDefault();
              add(text);
            }}
          />
          <Button slot={null} onPress={() => add(text)} className="button">
            {m.asset.add}
          </Button>
        </div>
        <Text slot="description" className="quiet">
          {m.asset.addTagHint}
        </Text>
        <Popover className="suggestions">
          <ListBox>{({ id }: { id: string }) => <ListBoxItem textValue={id}>{id}</ListBoxItem>}</ListBox>
        </Popover>
      </ComboBox>
    </div>
  );
}
