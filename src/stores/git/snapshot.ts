import type { Change } from './commit.js'
import { addEvents, dropBefore } from './events.js'
import type { Objects } from './objects.js'
import { tellSessions } from './sessions.js'
import { type Entry, readTree, writeBlob, writeTree } from './tree.js'

/**
 * Every so many swaps the commit's tree takes up all that happened since the last one that did. Fewer, and the trees cost
 * more than the swaps; more, and who opens a space has to read more commits one after another before the first answer.
 */
export const SWAPS_PER_SNAPSHOT = 64

/** The names in the tree of a commit. */
const CHECKPOINT = 'checkpoint.json'
const EVENTS = 'events'
const SESSIONS = 'sessions'

/** What the tree of a commit holds. */
export interface Snapshot {
  readonly checkpoint: Entry | undefined
  readonly events: Entry | undefined
  readonly sessions: Entry | undefined
}

export async function readSnapshot(objects: Objects, tree: string): Promise<Snapshot> {
  const entries = await readTree(objects, { kind: 'tree', object: tree })
  return { checkpoint: entries.get(CHECKPOINT), events: entries.get(EVENTS), sessions: entries.get(SESSIONS) }
}

/** The tree after `changes`, which are in order, on top of `tree`. */
export async function takeSnapshot(objects: Objects, tree: string, changes: readonly Change[]): Promise<string> {
  const before = await readSnapshot(objects, tree)
  const { checkpoint, firstSeq, events } = logOf(changes)
  const told = new Map(
    changes.flatMap(({ sessionKey, session }) => (session === undefined ? [] : [[sessionKey, session]])),
  )
  const left = firstSeq === 0 ? before.events : await dropBefore(objects, before.events, firstSeq)
  const entries: readonly (readonly [string, Entry | undefined])[] = [
    [CHECKPOINT, checkpoint === undefined ? before.checkpoint : writeBlob(objects, `${checkpoint}\n`)],
    [EVENTS, await addEvents(objects, left, events)],
    [SESSIONS, told.size === 0 ? before.sessions : await tellSessions(objects, before.sessions, told)],
  ]
  const present = entries.filter((entry): entry is readonly [string, Entry] => entry[1] !== undefined)
  return writeTree(objects, new Map(present)).object
}

/** What `changes`, which are in order, did to the log. */
export function logOf(changes: readonly Change[]) {
  let checkpoint: string | undefined
  let firstSeq = 0
  const appended: { readonly seq: number; readonly text: string }[] = []
  for (const { effect } of changes) {
    if (effect?.kind === 'append') appended.push(effect.event)
    if (effect?.kind === 'checkpoint') checkpoint = effect.checkpoint
    if (effect?.kind === 'truncate') firstSeq = Math.max(firstSeq, effect.beforeSeq)
  }
  return { checkpoint, firstSeq, events: appended.filter(({ seq }) => seq >= firstSeq) }
}
