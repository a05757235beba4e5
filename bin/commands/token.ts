/** `drainboard token create --role viewer|editor|admin`. */
import { parseArgs } from 'node:util';
import { insertAudit } from '../../store/audit.ts';
import type { Role } from '../../store/people.ts';
import { withTransaction } from '../../store/pool.ts';
import { createToken } from '../../store/tokens.ts';
import { type CommandContext, UsageError, withStore } from './command.ts';

export async function runToken(args: string[], context: CommandContext): Promise<number> {
  const [verb, ...rest] = args;
  if (verb !== 'create')
    throw new UsageError(verb === undefined ? 'token what? create' : `there is no "token ${verb}"`);
  const { values } = parseArgs({
    args: rest,
    options: { role: { type: 'string' }, name: { type: 'string', default: 'command line' } },
  });
  const role = parseRole(values.role);
  const { row, token } = await withStore(context, ({ pool, key }) =>
    withTransaction(pool, async (tx) => {
      const input = { name: values.name.slice(0, 100), role, createdBy: null, key, nowMs: context.nowMs };
      const made = await createToken(tx, input);
      await insertAudit(tx, {
        atMs: context.nowMs,
        actor: 'cli',
        action: 'token.create',
        subject: made.row.id,
        address: '',
        after: { role, name: made.row.name, expiresAtMs: made.row.expiresAtMs },
      });
      return made;
    }),
  );
  const expiresAt = new Date(row.expiresAtMs).toISOString();
  if (context.json) context.terminal.out(JSON.stringify({ id: row.id, token, role, expiresAt }));
  else context.terminal.out(`API token (${role}, until ${expiresAt}), shown this once:\n\n  ${token}`);
  return 0;
}

function parseRole(text: string | undefined): Role {
  if (text === 'viewer' || text === 'editor' || text === 'admin') return text;
  throw new UsageError('--role is viewer, editor or admin');
}
