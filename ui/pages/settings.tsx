/** Settings: a page a subject, the way between them, and what the last change is as a call. */
import '../styles/settings.css';
import type { ComponentChild } from 'preact';
import { useEffect } from 'preact/hooks';
import { LastWrite } from '../parts/asCall.tsx';
import { useApp } from '../state/context.ts';
import { Account } from './settingsAccount.tsx';
import { Apps } from './settingsApps.tsx';
import { Audit } from './settingsAudit.tsx';
import { Configuration } from './settingsConfig.tsx';
import { Drill } from './settingsDrill.tsx';
import { InstanceHealth } from './settingsInstance.tsx';
import { People } from './settingsPeople.tsx';
import { Retention } from './settingsRetention.tsx';
import { Tokens } from './settingsTokens.tsx';

interface Section {
  id: string;
  label: string;
  admin?: boolean;
  element: () => ComponentChild;
}

/** The first one is the page without a name behind `/settings`. */
const SECTIONS: Section[] = [
  { id: '', label: 'Apps and drains', element: () => <Apps /> },
  { id: 'retention', label: 'Retention', element: () => <Retention /> },
  { id: 'drill', label: 'Fire drill', element: () => <Drill /> },
  { id: 'people', label: 'People', admin: true, element: () => <People /> },
  { id: 'tokens', label: 'API tokens', admin: true, element: () => <Tokens /> },
  { id: 'config', label: 'Import and export', admin: true, element: () => <Configuration /> },
  { id: 'audit', label: 'Audit log', admin: true, element: () => <Audit /> },
  { id: 'instance', label: 'This instance', element: () => <InstanceHealth /> },
  { id: 'you', label: 'You', element: () => <Account /> },
];

export function SettingsPage({ section = '' }: { section?: string }) {
  const { router, session, lastWrite } = useApp();
  // What another page wrote is told there.
  useEffect(() => {
    lastWrite.value = null;
  }, [section]);
  const admin = session.isAdmin.value;
  const shown = SECTIONS.find(({ id }) => id === section);
  return (
    <div class="settings">
      <div class="page-head">
        <h1 tabIndex={-1}>Settings</h1>
      </div>
      <nav class="settings-nav" aria-label="Settings">
        {SECTIONS.filter((one) => admin || !one.admin).map(({ id, label }) => (
          <a
            key={id}
            href={router.link(id === '' ? '/settings' : `/settings/${id}`)}
            aria-current={id === section ? 'page' : undefined}
          >
            {label}
          </a>
        ))}
        <a href={router.link('/receivers')}>Receivers</a>
      </nav>
      {shown === undefined ? (
        <p>
          There are no such settings. <a href={router.link('/settings')}>Apps and drains</a>
        </p>
      ) : shown.admin && !admin ? (
        <p class="chart-empty calm">Only admins see this. Ask one of them, or look at what you may change.</p>
      ) : (
        shown.element()
      )}
      <LastWrite />
    </div>
  );
}
