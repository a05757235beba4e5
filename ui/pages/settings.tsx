/** Apps and their drain URLs, people, sessions, API tokens, one's own password, and this instance. */
import type { InstanceHealthAnswer } from '../../api/contract/health.ts';
import { Fresh } from '../parts/fresh.tsx';
import { useApp } from '../state/context.ts';
import { useAnswer } from '../state/once.ts';
import { Instance } from './instance.tsx';
import { Account } from './settingsAccount.tsx';
import { Apps } from './settingsApps.tsx';
import { People } from './settingsPeople.tsx';
import { Tokens } from './settingsTokens.tsx';

const SECTIONS = [
  { id: 'apps', label: 'Apps' },
  { id: 'tokens', label: 'API tokens', admin: true },
  { id: 'people', label: 'People', admin: true },
  { id: 'account', label: 'Your account' },
  { id: 'instance', label: 'This instance' },
];

export function SettingsPage() {
  const { session } = useApp();
  const admin = session.isAdmin.value;
  const sections = SECTIONS.filter((section) => admin || !section.admin);
  return (
    <>
      <div class="page-head">
        <h1 tabIndex={-1}>Settings</h1>
        <nav class="jump" aria-label="Sections">
          {sections.map((section) => (
            <a key={section.id} href={`#${section.id}`}>
              {section.label}
            </a>
          ))}
        </nav>
      </div>
      <Apps />
      {admin && <Tokens />}
      {admin && <People />}
      <Account />
      <InstanceSection />
    </>
  );
}

function InstanceSection() {
  const health = useAnswer<InstanceHealthAnswer>('/health', { everyMs: 15_000 });
  return (
    <Fresh of={health} what="the health of this instance">
      {(answer) => <Instance answer={answer} />}
    </Fresh>
  );
}
