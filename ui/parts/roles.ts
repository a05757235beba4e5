/** What a person or a token may do, in words. */
import type { Role } from '../../api/contract/session.ts';

export const ROLES: { id: Role; says: string }[] = [
  { id: 'viewer', says: 'reads' },
  { id: 'editor', says: 'reads, adds and changes apps' },
  { id: 'admin', says: 'everything, people and tokens too' },
];
