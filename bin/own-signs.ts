/** How this installation knows its own lines when they are drained into it (S-21). */
import { createHmac } from 'node:crypto';
import type { OwnSigns } from '../drain/loop-guard.ts';

/**
 * A mark of this installation, in every line its processes log: the same on all of them and after every restart, as it
 * is made from the secret, and telling nothing about it.
 */
export function instanceOf(secret: string): string {
  const digest = createHmac('sha256', secret).update('instance\0').digest('base64url');
  return `drainboard-${digest.slice(0, 16)}`;
}

export function ownSignsOf(config: {
  secret: string;
  herokuAppName?: string | undefined;
  herokuDomain?: string | undefined;
  baseUrl?: string | undefined;
}): OwnSigns {
  const hosts = [config.herokuDomain, config.baseUrl && new URL(config.baseUrl).host];
  return {
    appName: config.herokuAppName,
    instance: instanceOf(config.secret),
    hosts: [...new Set(hosts.filter((host): host is string => host !== undefined && host !== ''))],
  };
}
