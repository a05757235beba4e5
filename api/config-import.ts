/** Takes a configuration in: makes what is not there, changes what differs, removes nothing; all of it or nothing. */
import { isDeepStrictEqual } from 'node:util';
import { closedEvaluation } from '../model/closing.ts';
import { checkEscalation, type EscalationTarget } from '../model/escalation.ts';
import { checkReceiver, receiverForm } from '../model/receiver-forms.ts';
import { checkRule } from '../model/rule-check.ts';
import { RULE_DEFAULTS } from '../model/rule-defaults.ts';
import { checkSchedule } from '../model/schedule.ts';
import type { SloDefinition } from '../model/slo.ts';
import { readDefinition } from '../model/slo-check.ts';
import { AppNameError, type AppRow, createApp, listApps, updateApp } from '../store/apps.ts';
import { listPeople } from '../store/people.ts';
import { type Client, type Pool, withTransaction } from '../store/pool.ts';
import { insertReceiver, listReceivers, updateReceiver } from '../store/receivers.ts';
import {
  insertPolicy,
  insertRoute,
  listPolicies,
  listRoutes,
  updatePolicy,
  updateRoute,
} from '../store/routes.ts';
import { enrolWithOwnRules } from '../store/rule-rounds.ts';
import { listRules, type RuleRow } from '../store/rules.ts';
import {
  insertSchedule,
  listPersonReceivers,
  listSchedules,
  setPersonReceivers,
  updateSchedule,
} from '../store/schedules.ts';
import { deriveBoxKey } from '../store/secret-box.ts';
import { listSlos } from '../store/slos.ts';
import { audit, type Doer, nameOf } from './author.ts';
import { exportConfig } from './config-file.ts';
import type { ConfigFile, ConfigImportAnswer } from './contract/alerting.ts';
import { ApiError } from './error.ts';
import { attachCommands, drainUrl } from './onboarding.ts';
import { addRule, draftOf, rewriteRule } from './routes/rules.ts';
import { applySlo } from './routes/slo-text.ts';

export interface ImportInput {
  file: ConfigFile;
  dryRun: boolean;
  doer: Doer;
  /** DRAINBOARD_SECRET. */
  key: string;
  ownAppName: string | undefined;
  /** For the drain addresses of apps that are made. */
  baseUrl: string;
}

type Change = ConfigImportAnswer['changes'][number];

/** Ends a transaction whose result is wanted and whose writes are not. */
class NotKept extends Error {}

/** Dry runs write too, and take it back: so they say exactly what would happen. */
export async function importConfig(pool: Pool, input: ImportInput): Promise<ConfigImportAnswer> {
  const changes: Change[] = [];
  const created: ConfigImportAnswer['created'] = [];
  const work = async (tx: Client) => {
    const was = await exportConfig(tx, input.doer.nowMs);
    const run = new ImportRun(tx, { ...input, was }, changes, created);
    await run.apps();
    await run.receivers();
    await run.people();
    await run.schedules();
    await run.policies();
    await run.routes();
    if (input.dryRun || changes.some(({ outcome }) => outcome === 'refused')) throw new NotKept();
    await audit(tx, input.doer, {
      action: 'config.import',
      subject: `${changes.filter(({ outcome }) => outcome !== 'unchanged').length} changes`,
      after: { changes: changes.filter(({ outcome }) => outcome !== 'unchanged').map(auditable) },
    });
  };
  const isKept = await withTransaction(pool, work).then(
    () => true,
    (error: unknown) => {
      if (error instanceof NotKept) return false;
      throw error;
    },
  );
  return {
    dryRun: input.dryRun,
    isKept,
    changes,
    // A secret of an app that was not made would only mislead.
    created: isKept ? created : [],
    secretsNeeded: changes.flatMap(({ what, name, outcome }) => {
      const receiver = input.file.receivers.find((one) => one.name === name);
      const isNew = what === 'receiver' && outcome === 'created' && receiver !== undefined;
      return isNew && receiver.secretsNeeded.length > 0
        ? [{ receiver: name, secrets: receiver.secretsNeeded }]
        : [];
    }),
  };
}

function auditable({ what, name, outcome }: Change): Record<string, unknown> {
  return { what, name, outcome };
}

/** Whose single routes audit themselves: objectives and rules. */
const AUDITED_AS: Partial<Record<Change['what'], string>> = {
  app: 'app',
  receiver: 'receiver',
  schedule: 'schedule',
  escalationPolicy: 'escalation',
  route: 'route',
};

class ImportRun {
  readonly #tx: Client;
  /** With what was there before, in the form of a file. */
  readonly #input: ImportInput & { was: ConfigFile };
  readonly #changes: Change[];
  readonly #created: ConfigImportAnswer['created'];

  constructor(
    tx: Client,
    input: ImportInput & { was: ConfigFile },
    changes: Change[],
    created: ConfigImportAnswer['created'],
  ) {
    this.#tx = tx;
    this.#input = input;
    this.#changes = changes;
    this.#created = created;
  }

  #note(what: Change['what'], name: string, outcome: Change['outcome'], faults: string[] = []): void {
    this.#changes.push({ what, name, outcome: faults.length > 0 ? 'refused' : outcome, faults });
  }

  /** Notes a change with what it was and is (SEC-48), beside the entry for the whole import. */
  async #noteChange(
    what: Change['what'],
    name: string,
    { before, after, faults = [] }: { before: object | undefined; after: object; faults?: string[] },
  ): Promise<void> {
    const outcome = before === undefined ? 'created' : 'changed';
    this.#note(what, name, outcome, faults);
    if (faults.length > 0) return;
    const action =
      what === 'person'
        ? 'person.receivers'
        : `${AUDITED_AS[what] ?? what}.${outcome === 'created' ? 'create' : 'change'}`;
    await audit(this.#tx, this.#input.doer, {
      action,
      subject: name,
      ...(before !== undefined && { before: { ...before } }),
      after: { ...after },
    });
  }

  /** Apps, their objectives (composites last, for they name others), their rules. */
  async apps(): Promise<void> {
    const apps = new Map<string, AppRow>();
    for (const app of this.#input.file.apps) {
      const row = await this.#app(app);
      if (row) apps.set(app.name, row);
    }
    const slos = this.#input.file.apps.flatMap((app) => app.slos.map((slo) => ({ app: app.name, ...slo })));
    const isComposite = ({ definition }: (typeof slos)[number]) =>
      (definition.indicator as { kind?: unknown } | undefined)?.kind === 'composite';
    for (const slo of [...slos.filter((one) => !isComposite(one)), ...slos.filter(isComposite)]) {
      const row = apps.get(slo.app);
      if (row) await this.#slo(row, slo);
    }
    for (const app of this.#input.file.apps) {
      const row = apps.get(app.name);
      if (!row || app.rules.length === 0) continue;
      // The defaults are among the rules of a file, or were deleted there: they are not given on top.
      await enrolWithOwnRules(this.#tx, row.id, closedEvaluation(this.#input.doer.nowMs));
      const taken = new Set<number>();
      for (const rule of app.rules) await this.#rule(row, rule, taken);
    }
  }

  async #app(app: ConfigFile['apps'][number]): Promise<AppRow | null> {
    const { key, ownAppName, doer, baseUrl } = this.#input;
    const { name, customMetrics, strictTokens } = app;
    const known = (await listApps(this.#tx)).find((row) => row.name === name);
    if (known) {
      const before = { customMetrics: known.customMetrics, strictTokens: known.strictTokens };
      const after = { customMetrics, strictTokens };
      if (isDeepStrictEqual(before, after)) this.#note('app', name, 'unchanged');
      else {
        await updateApp(this.#tx, known.id, after);
        await this.#noteChange('app', name, { before, after });
      }
      return known;
    }
    try {
      const made = await createApp(this.#tx, {
        name,
        key,
        nowMs: doer.nowMs,
        ...(ownAppName !== undefined && { ownAppName }),
      });
      await updateApp(this.#tx, made.app.id, { customMetrics, strictTokens });
      const url = drainUrl(baseUrl, name, made.secret);
      this.#created.push({ app: name, drainUrl: url, commands: attachCommands(name, url) });
      await this.#noteChange('app', name, {
        before: undefined,
        after: { name, customMetrics, strictTokens },
      });
      return made.app;
    } catch (error) {
      if (!(error instanceof AppNameError)) throw error;
      this.#note('app', name, 'refused', [error.message]);
      return null;
    }
  }

  async #slo(
    app: AppRow,
    { slug, definition }: { slug: string; definition: Record<string, unknown> },
  ): Promise<void> {
    const name = `${app.name}/${slug}`;
    const read = readDefinition(await this.#withMembers(definition));
    if (!read.ok) {
      const faults = read.error.map(({ path, text, advice }) =>
        [`${path} ${text}`, advice].filter((part) => part !== '').join(': '),
      );
      this.#note('slo', name, 'refused', faults);
      return;
    }
    const { outcome, faults } = await applySlo(
      this.#tx,
      app,
      { slug, definition: read.value },
      this.#input.doer,
    );
    this.#note('slo', name, outcome, faults);
  }

  /** `app/slug` of members as their ids; what is not there stays as it is, and is then a fault. */
  async #withMembers(definition: Record<string, unknown>): Promise<unknown> {
    const indicator = definition.indicator as SloDefinition['indicator'] | undefined;
    if (indicator?.kind !== 'composite' || !Array.isArray(indicator.members)) return definition;
    const names = new Map((await listApps(this.#tx)).map((app) => [app.id, app.name]));
    const ids = new Map(
      (await listSlos(this.#tx)).map((slo) => [`${names.get(slo.appId) ?? ''}/${slo.slug}`, slo.publicId]),
    );
    return {
      ...definition,
      indicator: { ...indicator, members: indicator.members.map((path) => ids.get(path) ?? path) },
    };
  }

  /**
   * A rule is the same when kind and title are. Of several such ones the equal one, else each its own: `taken` are
   * those that another entry of the file is already.
   */
  async #rule(app: AppRow, given: Record<string, unknown>, taken: Set<number>): Promise<void> {
    const { doer } = this.#input;
    const checked = checkRule(given);
    const [title = 'rule'] = [given.title, given.kind].filter((text) => typeof text === 'string');
    const name = `${app.name}: ${title.slice(0, 200)}`;
    if (!checked.ok) {
      this.#note(
        'rule',
        name,
        'refused',
        checked.error.map(({ path, text }) => `${path} ${text}`.trim()),
      );
      return;
    }
    const draft = checked.value;
    const own = await listRules(this.#tx, [app.id]);
    const alike = own.filter(
      (row) => row.kind === draft.kind && row.title === draft.title && !taken.has(row.id),
    );
    const isEqual = (row: RuleRow) => isDeepStrictEqual(draftOf(row), draftOf(draft));
    const before = alike.find(isEqual) ?? alike[0];
    if (!before) {
      const key = RULE_DEFAULTS.find(
        (one) => one.draft.kind === draft.kind && one.draft.title === draft.title,
      )?.key;
      const defaultKey = own.some((row) => row.defaultKey === key) ? undefined : key;
      const made = await addRule(this.#tx, app, draft, doer, defaultKey).catch(toFault);
      if (typeof made !== 'string') taken.add(made.id);
      this.#note('rule', name, 'created', typeof made === 'string' ? [made] : []);
      return;
    }
    taken.add(before.id);
    const isSame = isEqual(before);
    if (!isSame) await rewriteRule(this.#tx, { app, before, draft, doer });
    this.#note('rule', name, isSame ? 'unchanged' : 'changed');
  }

  /** New ones are switched off until their secrets are typed in. */
  async receivers(): Promise<void> {
    const { key, doer, file } = this.#input;
    const boxKey = deriveBoxKey(key);
    for (const { name, kind, settings, tellsOwners, isEnabled } of file.receivers) {
      const secretNames = receiverForm(kind).fields.flatMap((field) => (field.isSecret ? [field.name] : []));
      const faults = checkReceiver(kind, settings, {})
        .filter(({ field }) => !secretNames.includes(field))
        .map(({ field, message }) => `${field}: ${message}`);
      const before = (await listReceivers(this.#tx)).find(
        (row) => row.name.toLowerCase() === name.toLowerCase(),
      );
      if (before && before.kind !== kind)
        faults.push(`There is a receiver by that name of kind ${before.kind}.`);
      if (faults.length > 0) {
        this.#note('receiver', name, 'refused', faults);
        continue;
      }
      const needsSecrets = receiverForm(kind).fields.some((field) => field.isSecret && field.isRequired);
      if (!before) {
        const input = { name, kind, settings, secrets: {}, tellsOwners, createdBy: nameOf(doer.caller) };
        const row = await insertReceiver(this.#tx, boxKey, input, doer.nowMs);
        if (row && (needsSecrets || !isEnabled)) {
          await updateReceiver(this.#tx, boxKey, row.publicId, { isEnabled: false }, doer.nowMs);
        }
        await this.#noteChange('receiver', name, {
          before: undefined,
          after: { name, kind, settings, tellsOwners, isEnabled: isEnabled && !needsSecrets },
        });
        continue;
      }
      const was = { settings: { ...before.settings }, tellsOwners: before.tellsOwners };
      const wanted = { settings, tellsOwners };
      if (isDeepStrictEqual(was, wanted)) this.#note('receiver', name, 'unchanged');
      else {
        await updateReceiver(this.#tx, boxKey, before.publicId, wanted, doer.nowMs);
        await this.#noteChange('receiver', name, { before: was, after: wanted });
      }
    }
  }

  async #receiverIds(names: readonly string[], faults: string[]): Promise<number[]> {
    const rows = await listReceivers(this.#tx);
    return this.#idsOf(rows, names, 'receiver', faults);
  }

  #idsOf(
    rows: readonly { id: number; name: string }[],
    names: readonly string[],
    what: string,
    faults: string[],
  ): number[] {
    return names.flatMap((name) => {
      const row = rows.find((one) => one.name.toLowerCase() === name.toLowerCase());
      if (!row) faults.push(`There is no ${what} "${name}".`);
      return row ? [row.id] : [];
    });
  }

  async people(): Promise<void> {
    for (const { email, receivers } of this.#input.file.people) {
      const person = (await listPeople(this.#tx)).find((row) => row.email === email.toLowerCase());
      const faults = person ? [] : ['There is nobody by that address: add the person first.'];
      const ids = await this.#receiverIds(receivers, faults);
      if (!person || faults.length > 0) {
        this.#note('person', email, 'refused', faults);
        continue;
      }
      const before = (await listPersonReceivers(this.#tx, [person.id])).get(person.id) ?? [];
      if (isDeepStrictEqual(new Set(before), new Set(ids))) {
        this.#note('person', email, 'unchanged');
        continue;
      }
      await setPersonReceivers(this.#tx, person.id, ids);
      const was = this.#input.was.people.find((one) => one.email === person.email)?.receivers ?? [];
      await this.#noteChange('person', email, { before: { receivers: was }, after: { receivers } });
    }
  }

  async schedules(): Promise<void> {
    const { doer, file } = this.#input;
    const people = await listPeople(this.#tx);
    for (const { title, zone, rotations } of file.schedules) {
      const faults: string[] = [];
      const before = (await listSchedules(this.#tx, doer.nowMs)).find(
        (row) => row.name.toLowerCase() === title.toLowerCase(),
      );
      const definition = {
        zone,
        rotations: rotations.map(({ id, ...rotation }) => ({
          ...rotation,
          id: id ?? crypto.randomUUID(),
          people: rotation.people.flatMap((email) => {
            const person = people.find((row) => row.email === email.toLowerCase());
            if (!person) faults.push(`There is nobody by the address ${email}.`);
            return person ? [person.id] : [];
          }),
        })),
      };
      if (faults.length === 0) faults.push(...checkSchedule(definition));
      const isSame = before !== undefined && isDeepStrictEqual(before.definition, definition);
      const input = { name: title, definition };
      if (faults.length === 0 && !before) await insertSchedule(this.#tx, input, doer.nowMs);
      if (faults.length === 0 && before && !isSame) {
        await updateSchedule(this.#tx, before.publicId, input, doer.nowMs);
      }
      if (isSame) this.#note('schedule', title, 'unchanged', faults);
      else {
        const was = before && (this.#input.was.schedules.find((one) => one.title === before.name) ?? {});
        await this.#noteChange('schedule', title, { before: was, after: { title, zone, rotations }, faults });
      }
    }
  }

  async policies(): Promise<void> {
    const { doer, file } = this.#input;
    for (const { title, rounds, levels } of file.escalationPolicies) {
      const faults: string[] = [];
      const receivers = await listReceivers(this.#tx);
      const schedules = await listSchedules(this.#tx, doer.nowMs);
      const definition = {
        levels: levels.map(({ delayMinutes, targets }) => ({
          delayMinutes,
          targets: targets.flatMap(({ kind, name }): EscalationTarget[] => {
            const rows: readonly { id: number; name: string }[] = kind === 'receiver' ? receivers : schedules;
            return this.#idsOf(rows, [name], kind, faults).map((id) => ({ kind, id }));
          }),
        })),
        rounds,
      };
      if (faults.length === 0) faults.push(...checkEscalation(definition));
      const before = (await listPolicies(this.#tx)).find(
        (row) => row.name.toLowerCase() === title.toLowerCase(),
      );
      const isSame = before !== undefined && isDeepStrictEqual(before.definition, definition);
      const input = { name: title, definition };
      if (faults.length === 0 && !before) await insertPolicy(this.#tx, input, doer.nowMs);
      if (faults.length === 0 && before && !isSame) {
        await updatePolicy(this.#tx, before.publicId, input, doer.nowMs);
      }
      if (isSame) this.#note('escalationPolicy', title, 'unchanged', faults);
      else {
        const was =
          before && (this.#input.was.escalationPolicies.find((one) => one.title === before.name) ?? {});
        await this.#noteChange('escalationPolicy', title, {
          before: was,
          after: { title, rounds, levels },
          faults,
        });
      }
    }
  }

  async routes(): Promise<void> {
    const { doer, file } = this.#input;
    // Names may be shared: each entry is a route of its own.
    const taken = new Set<number>();
    const known = new Map(
      (await listRoutes(this.#tx)).map((row, at) => [row.id, this.#input.was.routes[at]]),
    );
    for (const [position, given] of file.routes.entries()) {
      const faults: string[] = [];
      const routes = await listRoutes(this.#tx);
      const before = routes.find((row) => row.name === given.name && !taken.has(row.id));
      const route = {
        name: given.name,
        position: before?.position ?? routes.length + position,
        isEnabled: given.isEnabled,
        isFallback: given.isFallback,
        appIds: this.#idsOf(await listApps(this.#tx), given.apps, 'app', faults),
        severities: given.severities,
        subjectKinds: given.subjectKinds,
        receiverIds: await this.#receiverIds(given.receivers, faults),
        policyIds: this.#idsOf(
          await listPolicies(this.#tx),
          given.escalationPolicies,
          'escalation policy',
          faults,
        ),
      };
      const rival = routes.find((row) => row.isFallback && row.id !== before?.id);
      if (route.isFallback && rival) faults.push(`"${rival.name}" is the fallback already.`);
      const isSame =
        before !== undefined &&
        Object.entries(route).every(([name, value]) =>
          isDeepStrictEqual(before[name as keyof typeof before], value),
        );
      const made =
        faults.length === 0 && !before ? await insertRoute(this.#tx, route, doer.nowMs) : (before ?? null);
      const was = before && (known.get(before.id) ?? {});
      if (made) taken.add(made.id);
      if (faults.length === 0 && before && !isSame) {
        await updateRoute(this.#tx, before.publicId, route, doer.nowMs);
      }
      if (isSame) this.#note('route', given.name, 'unchanged', faults);
      else await this.#noteChange('route', given.name, { before: was, after: given, faults });
    }
  }
}

/** Our own no as a sentence; anything else goes on. */
function toFault(error: unknown): string {
  if (error instanceof ApiError) return error.message;
  throw error;
}
