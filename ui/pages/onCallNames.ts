/** What routes and policies name by id, with the names people gave. */
export interface Named {
  id: string;
  name: string;
}

export interface Names {
  receivers: Named[];
  schedules: Named[];
  policies: Named[];
}

export function nameOf(list: readonly Named[], id: string): string {
  return list.find((one) => one.id === id)?.name ?? 'removed';
}
