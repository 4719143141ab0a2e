import type { LogView, Swap } from '../store.js'
import { type Change, changeOf, formatCommit, parseCommit, type SwapCommit } from './commit.js'
import { eventsFrom } from './events.js'
import type { Objects } from './objects.js'
import { damaged } from './problem.js'
import { toldTo } from './sessions.js'
import { logOf, readSnapshot, SWAPS_PER_SNAPSHOT, takeSnapshot } from './snapshot.js'
import { readBlob, writeTree } from './tree.js'

/** A space as one commit left it. */
export interface Tip {
  readonly commit: string
  readonly version: number
  readonly record: string
  /** With all up to the last multiple of SWAPS_PER_SNAPSHOT. */
  readonly tree: string
  /** What happened since, in order. */
  readonly changes: readonly Change[]
}

/** The space at `commit`, which keeps `swap`; `known` is where it may have been a little earlier. */
export async function tipAt(
  objects: Objects,
  place: string,
  commit: string,
  swap: SwapCommit,
  known: Tip | undefined,
): Promise<Tip> {
  const { version, record, tree } = swap
  const later: Change[] = []
  const tip = (earlier: readonly Change[]): Tip => {
    return { commit, version, record, tree, changes: [...earlier, ...later.reverse()] }
  }
  let here = swap
  while (here.version % SWAPS_PER_SNAPSHOT !== 0) {
    later.push({ sessionKey: here.sessionKey, session: here.session, effect: here.effect })
    const { parent } = here
    if (parent === undefined || here.version % SWAPS_PER_SNAPSHOT === 1) break
    if (parent === known?.commit) return tip(known.changes)
    const before = parseCommit((await objects.read(parent, 'commit')).toString())
    if (typeof before === 'string') throw damaged(place, 'the history of a space is not whole', `${parent}: ${before}`)
    if (before.version !== here.version - 1) {
      const found = `${parent}: version ${before.version} before version ${here.version}`
      throw damaged(place, 'the history of a space is not whole', found)
    }
    here = before
  }
  return tip([])
}

/** Writes what `swap` makes of the space. It counts when a ref leads there. */
export async function writeSwap(objects: Objects, before: Tip | undefined, swap: Swap): Promise<Tip> {
  const change = changeOf(swap)
  const version = swap.version + 1
  const treeBefore = before?.tree ?? writeTree(objects, new Map()).object
  const since = [...(before?.changes ?? []), change]
  const takesAll = version % SWAPS_PER_SNAPSHOT === 0
  const tree = takesAll ? await takeSnapshot(objects, treeBefore, since) : treeBefore
  const commit = objects.write('commit', Buffer.from(formatCommit(swap, change, tree, before?.commit)))
  return { commit, version, record: swap.record, tree, changes: takesAll ? [] : since }
}

export async function sessionOf(objects: Objects, { changes, tree }: Tip, key: string): Promise<string | undefined> {
  const last = changes.findLast(({ sessionKey, session }) => session !== undefined && sessionKey === key)
  return last === undefined ? toldTo(objects, (await readSnapshot(objects, tree)).sessions, key) : last.session
}

export async function viewOf(objects: Objects, tip: Tip, fromSeq: number, limit: number): Promise<LogView> {
  const snapshot = await readSnapshot(objects, tip.tree)
  const since = logOf(tip.changes)
  const from = Math.max(0, fromSeq, since.firstSeq)
  const events: string[] = []
  if (limit > 0) {
    for await (const { text } of eventsFrom(objects, snapshot.events, from)) {
      events.push(text)
      if (events.length === limit) break
    }
  }
  const recent = since.events.filter(({ seq }) => seq >= from).slice(0, limit - events.length)
  const kept =
    snapshot.checkpoint === undefined ? undefined : (await readBlob(objects, snapshot.checkpoint)).slice(0, -1)
  return {
    record: tip.record,
    checkpoint: since.checkpoint ?? kept,
    events: [...events, ...recent.map(({ text }) => text)],
  }
}
