/** Adding or changing a receiver: the fields of its kind. Secrets are written only; one that is set stays unless typed anew. */
import { useState } from 'preact/hooks';
import type {
  ReceiverAnswer,
  ReceiverChange,
  ReceiverField,
  ReceiverKindsAnswer,
  ReceiverRequest,
} from '../../api/contract/receivers.ts';
import type { ReceiverKind } from '../../model/delivery.ts';
import { Choice, TextBox, Tick } from '../parts/inputs.tsx';
import { type Sender, SendFault, useSender } from '../parts/sender.tsx';
import { receiverPath } from '../paths.ts';
import { useApp } from '../state/context.ts';

type Kind = ReceiverKindsAnswer['kinds'][number];

interface Props {
  kinds: Kind[];
  saved: ReceiverAnswer | null;
  onDone(): Promise<void>;
}

export function ReceiverForm({ kinds, saved, onDone }: Props) {
  const { client, toast, router } = useApp();
  const sender = useSender();
  const [kind, setKind] = useState<ReceiverKind>(saved?.kind ?? kinds[0]?.kind ?? 'slackWebhook');
  const [name, setName] = useState(saved?.name ?? '');
  const [tellsOwners, setTellsOwners] = useState(saved?.tellsOwners ?? false);
  const [settings, setSettings] = useState<Record<string, string>>(settingsText(saved));
  const [secrets, setSecrets] = useState<Record<string, string>>({});
  const [cleared, setCleared] = useState<string[]>([]);
  const form = kinds.find((one) => one.kind === kind);
  const fields = form?.fields ?? [];
  const save = () =>
    sender.send(async () => {
      const body = { name: name.trim(), settings: settingsOf(fields, settings), tellsOwners };
      const typed = Object.fromEntries(
        fields.flatMap((field) =>
          field.isSecret && secrets[field.name] ? [[field.name, secrets[field.name] ?? '']] : [],
        ),
      );
      if (saved) {
        const change: ReceiverChange = {
          ...body,
          secrets: { ...Object.fromEntries(cleared.map((one) => [one, null])), ...typed },
        };
        await client.send('PATCH', `/receivers/${saved.id}`, change);
        toast.value = 'Saved. Send a test to be sure';
        setSecrets({});
        setCleared([]);
        await onDone();
        return;
      }
      const request: ReceiverRequest = { ...body, kind, secrets: typed };
      const made = await client.send<ReceiverAnswer>('POST', '/receivers', request);
      toast.value = 'Receiver added. Send a test to be sure';
      await onDone();
      router.push(router.link(receiverPath(made.id)));
    });
  return (
    <form
      class="form grid-form boxed"
      noValidate
      aria-label={saved ? 'Change the receiver' : 'Add a receiver'}
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      {!saved && (
        <Choice
          name="kind"
          label="Kind"
          value={kind}
          options={kinds.map((one) => ({ value: one.kind, label: one.title }))}
          onChange={setKind}
          hint={form?.help}
          fault={sender.faultOf('kind')}
        />
      )}
      <TextBox
        name="receiverName"
        label="Name"
        placeholder="#alerts"
        value={name}
        onInput={setName}
        hint="As it stands in routes and timelines."
        fault={sender.faultOf('name')}
      />
      {fields.map((field) =>
        field.isSecret ? (
          <SecretBox
            key={`${kind} ${field.name}`}
            field={field}
            isSet={(saved?.secretsSet.includes(field.name) ?? false) && !cleared.includes(field.name)}
            value={secrets[field.name] ?? ''}
            sender={sender}
            onInput={(value) => setSecrets({ ...secrets, [field.name]: value })}
            onClear={() => setCleared([...cleared, field.name])}
          />
        ) : (
          <SettingBox
            key={`${kind} ${field.name}`}
            field={field}
            value={settings[field.name] ?? ''}
            sender={sender}
            onInput={(value) => setSettings({ ...settings, [field.name]: value })}
          />
        ),
      )}
      <Tick
        name="tellsOwners"
        label="Tell it of troubles of Drainboard itself, too"
        hint="Late evaluation, receivers that fail, deliveries that were given up."
        checked={tellsOwners}
        onChange={setTellsOwners}
      />
      <SendFault sender={sender} />
      <button type="submit" class="primary" disabled={sender.busy}>
        {saved ? 'Save' : 'Add the receiver'}
      </button>
    </form>
  );
}

interface BoxProps {
  field: ReceiverField;
  value: string;
  sender: Sender;
  onInput(value: string): void;
}

const faultNames = (field: ReceiverField) => [
  field.name,
  `${field.isSecret ? 'secrets' : 'settings'}.${field.name}`,
];

function SettingBox({ field, value, sender, onInput }: BoxProps) {
  const common = {
    name: `setting-${field.name}`,
    label: field.isRequired ? field.label : `${field.label} (optional)`,
    hint: field.help || undefined,
    fault: sender.faultOf(...faultNames(field)),
  };
  if (field.type === 'flag')
    return (
      <Tick
        name={common.name}
        label={field.label}
        hint={common.hint}
        checked={value === 'true'}
        onChange={(checked) => onInput(String(checked))}
      />
    );
  if (field.type === 'choice')
    return (
      <Choice
        {...common}
        value={value || (field.choices[0]?.value ?? '')}
        options={field.choices}
        onChange={onInput}
      />
    );
  return (
    <TextBox
      {...common}
      value={value}
      onInput={onInput}
      type={field.type === 'url' ? 'url' : 'text'}
      inputMode={field.type === 'number' ? 'decimal' : undefined}
    />
  );
}

function SecretBox({
  field,
  value,
  sender,
  onInput,
  isSet,
  onClear,
}: BoxProps & { isSet: boolean; onClear(): void }) {
  return (
    <div class="field secret">
      <TextBox
        name={`secret-${field.name}`}
        label={field.isRequired ? field.label : `${field.label} (optional)`}
        type="password"
        placeholder={isSet ? 'is set; type to replace it' : ''}
        value={value}
        onInput={onInput}
        hint={`${field.help}${field.help ? ' ' : ''}Kept encrypted and never shown again.`}
        fault={sender.faultOf(...faultNames(field))}
      />
      {isSet && !field.isRequired && (
        <button type="button" class="quiet" onClick={onClear}>
          Take it away
        </button>
      )}
    </div>
  );
}

function settingsText(saved: ReceiverAnswer | null): Record<string, string> {
  return Object.fromEntries(
    Object.entries(saved?.settings ?? {}).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(', ') : plainText(value),
    ]),
  );
}

function plainText(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : '';
}

/** Empty settings are left out: the kind has its own word for what is missing. */
function settingsOf(fields: ReceiverField[], values: Record<string, string>): Record<string, unknown> {
  return Object.fromEntries(
    fields.flatMap((field): [string, unknown][] => {
      if (field.isSecret) return [];
      const text = (values[field.name] ?? '').trim();
      if (field.type === 'flag') return [[field.name, text === 'true']];
      if (field.type === 'choice' && text === '' && field.isRequired)
        return [[field.name, field.choices[0]?.value ?? '']];
      if (text === '') return [];
      return [[field.name, field.type === 'number' ? Number(text) : text]];
    }),
  );
}
