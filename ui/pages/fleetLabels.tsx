/** Stage, team and tags of an app, in a small dialog: what the fleet is grouped by. */
import { useState } from 'preact/hooks';
import type { FleetRow, LabelsAnswer } from '../../api/contract/apps.ts';
import { showHidden } from '../clean.ts';
import { LastWrite } from '../parts/asCall.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { Field, Form } from '../parts/field.tsx';
import { useApp } from '../state/context.ts';

export function LabelsDialog({ apps, onClose }: { apps: FleetRow[]; onClose(): void }) {
  const { client, fleet, toast } = useApp();
  const names = apps.map((row) => row.app).sort();
  const [app, setApp] = useState(() => apps.find((row) => row.labels.stage === null)?.app ?? names[0] ?? '');
  const labels = apps.find((row) => row.app === app)?.labels;
  async function save({ stage = '', team = '', tags = '' }: Record<string, string>) {
    const body: LabelsAnswer = {
      stage: stage.trim() || null,
      team: team.trim() || null,
      tags: tags
        .split(',')
        .map((tag) => tag.trim())
        .filter(Boolean),
    };
    await client.send('PUT', `/apps/${encodeURIComponent(app)}/labels`, body);
    toast.value = `Labels of ${app} saved`;
    await fleet.load();
  }
  return (
    <Dialog title="Labels" onClose={onClose}>
      <p class="muted labels-says">The fleet can be grouped by them. Nothing is decided by them.</p>
      <div class="field">
        <label for="labels-app">App</label>
        <select id="labels-app" value={app} onChange={(event) => setApp(event.currentTarget.value)}>
          {names.map((name) => (
            <option key={name} value={name}>
              {showHidden(name)}
            </option>
          ))}
        </select>
      </div>
      <Form key={`${app} ${JSON.stringify(labels)}`} submit="Save" onSend={save}>
        {(faultOf) => (
          <>
            <Field
              name="stage"
              label="Stage"
              value={labels?.stage ?? ''}
              hint="Such as production, staging, review"
              required={false}
              fault={faultOf('stage')}
            />
            <Field
              name="team"
              label="Team"
              value={labels?.team ?? ''}
              required={false}
              fault={faultOf('team')}
            />
            <Field
              name="tags"
              label="Tags"
              value={labels?.tags.join(', ') ?? ''}
              hint="Separated by commas, at most ten"
              required={false}
              fault={faultOf('tags') ?? faultOf('tags.0')}
            />
          </>
        )}
      </Form>
      <LastWrite />
    </Dialog>
  );
}
