import { statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { keyOf } from '../key.js'
import type { OpenOptions, OpenStore, Store } from '../store.js'
import { StoreError } from '../store-error.js'
import { parseCommit, type SwapCommit } from './commit.js'
import { type GitObject, type Objects, openObjects } from './objects.js'
import { type Packing, packing } from './packing.js'
import { damaged, foreignRef } from './problem.js'
import { runGit } from './process.js'
import { ELSEWHERE, openRefs, type Refs } from './refs.js'
import { findRepository, makeRepository, type Repository } from './repository.js'
import { sessionOf, type Tip, tipAt, viewOf, writeSwap } from './tip.js'

/**
 * A store in a git repository that exists, or, without a path, in a bare one of its own that goes with the store.
 *
 * A space is a ref, `refs/contention/<namespace>/<space>`, and a swap a commit: compare-and-swap is git's own, so that
 * several processes, and git itself, may use one repository at once. Nothing else of it is touched: no branch, no index,
 * no HEAD, no work tree. The commit says in its message what the swap put; its tree holds what the swaps before the last
 * multiple of 64 left behind. So a swap writes one object, and whoever reads reads at most 63 commits and what of the
 * tree they need, however long the log is.
 *
 * What is answered outlives the process, even one that is killed. When it has to outlive the machine too, objects and
 * refs are synced. History stays: `truncate` hides events, but the commits that appended them are still there, until the
 * ref is removed. Objects are written as one file each; `git gc` packs them, at any time, and where a store is to last it is
 * asked now and then whether it should.
 */
export async function openGit(
  path: string | undefined,
  { durable = true, cwd = '.' }: OpenOptions,
): Promise<OpenStore> {
  const made = path === undefined ? await makeRepository() : undefined
  const repository = made ?? (await findRepository(resolve(cwd, path as string), durable))
  const objects = openObjects(repository)
  const refs = openRefs(repository)
  const pack = packing(repository)
  return {
    kind: 'git',
    spec: () => `git=${repository.folder}`,
    promise: repository.synced
      ? 'what is acknowledged survives the death of the process and of the machine: it is synced to the disk'
      : 'what is acknowledged survives the death of the process, not that of the machine',
    place: made === undefined ? repository.folder : 'a repository of its own',
    namespace: (name) => namespaceOf(repository, objects, refs, folderOf(name), pack),
    namespaces: (prefix) => namespacesIn(repository, prefix),
    remove: (name) => removeRefs(repository, objects, folderOf(name)),
    close: async () => {
      await Promise.all([objects.close(), refs.close(), pack.settled()])
      made?.remove()
    },
  }
}

const ROOT = 'refs/contention'

/** Some file systems know only one case of letters. */
const folderOf = (namespace: string) => `${ROOT}/${keyOf(namespace)}`

/** Those whose names are their own keys, as names are that are in lower case. */
async function namespacesIn({ place }: Repository, prefix: string): Promise<readonly string[]> {
  const refs = await runGit(
    place,
    ['for-each-ref', '--format=%(refname)', `${ROOT}/${prefix}*/*`],
    'refs cannot be listed',
  )
  const names = refs
    .split('\n')
    .filter(Boolean)
    .map((ref) => ref.slice(ROOT.length + 1).split('/', 1)[0] as string)
  return [...new Set(names)]
}

/**
 * Removes the refs that lead to commits of ours: what somebody else has put there is theirs, who were told to look at it. What
 * only ours led to stays until `git gc` finds that it is old. Of refs that are packed the one file is written anew which holds
 * everybody's, so it is synced, whether ours are or not. Where none is packed that costs nothing.
 */
async function removeRefs({ place }: Repository, objects: Objects, folder: string): Promise<void> {
  const failed = `the refs below ${folder} cannot be removed`
  for (let tries = 1; ; tries++) {
    const listed = await runGit(place, ['for-each-ref', '--format=%(objectname) %(refname)', `${folder}/`], failed)
    const deletions: string[] = []
    for (const line of listed.split('\n').filter(Boolean)) {
      const [object = '', ref = ''] = line.split(' ')
      const found = await objects.at(object)
      // One that leads to nothing holds nothing of anybody.
      if (found === undefined || typeof swapIn(found) !== 'string') deletions.push(`delete ${ref} ${object}\n`)
    }
    const removal = ['-c', 'core.fsync=reference', 'update-ref', '--no-deref', '--stdin']
    if (deletions.length === 0) return
    try {
      return void (await runGit(place, removal, failed, deletions.join('')))
    } catch (error) {
      // Another who removes the same is at it, or was quicker: what is left is looked at anew.
      const words = error instanceof StoreError ? (error.problem.found ?? '') : ''
      if (tries === MOST_REMOVALS || !isInUse(words)) throw error
      await sleep(REMOVAL_PAUSE_MS)
    }
  }
}

/** Whether another had the ref, or had it just moved, as far as git's words tell: not where nobody may write, or nothing can be. */
const isInUse = (words: string): boolean =>
  ELSEWHERE.test(words) || (/cannot lock ref/.test(words) && !/denied|read-only|space left|quota/i.test(words))

/** Each time somebody else has got on; but a lock that was left behind stays. */
const MOST_REMOVALS = 100
const REMOVAL_PAUSE_MS = 10

/** The swap that an object keeps, or, as text, what it is instead. */
const swapIn = ({ type, content }: GitObject): SwapCommit | string =>
  type === 'commit' ? parseCommit(content.toString()) : `a ${type}`

/** So that many spaces do not fill the memory: what is forgotten is read again. */
const MOST_TIPS_SEEN = 256

function namespaceOf(repository: Repository, objects: Objects, refs: Refs, folder: string, pack: Packing): Store {
  const { place } = repository
  /** Where refs were when last seen. Commits never change, so that only whether refs are still there can be wrong. */
  const seen = new Map<string, Tip>()

  const remember = (ref: string, tip: Tip): Tip => {
    if (seen.size >= MOST_TIPS_SEEN && !seen.has(ref)) seen.clear()
    seen.set(ref, tip)
    return tip
  }

  /** Where `ref` is at this moment. */
  const look = async (ref: string): Promise<Tip | undefined> => {
    const found = await commitAt(repository, objects, ref)
    if (found === undefined) {
      seen.delete(ref)
      return undefined
    }
    const known = seen.get(ref)
    if (known?.commit === found.name) return known
    const swap = swapIn(found)
    if (typeof swap === 'string') throw foreignRef(place.name, ref, swap)
    return remember(ref, await tipAt(objects, place.name, found.name, swap, known))
  }

  return {
    async load(space, sessionKey) {
      const tip = await look(`${folder}/${space}`)
      if (tip === undefined) return { version: 0, record: undefined, session: undefined }
      return { version: tip.version, record: tip.record, session: await sessionOf(objects, tip, sessionKey) }
    },
    async swap(space, swap) {
      const ref = `${folder}/${space}`
      const known = seen.get(ref)
      // What was seen may be old, but then the ref is not there any more, and does not move.
      const before = swap.version === 0 ? undefined : known?.version === swap.version ? known : await look(ref)
      if ((before?.version ?? 0) !== swap.version) return false
      const after = await writeSwap(objects, before, swap)
      seen.delete(ref)
      if (await refs.move(ref, before?.commit, after.commit)) {
        remember(ref, after)
        pack.swapped()
        return true
      }
      if (before === undefined) await refuseLost(repository, objects, ref)
      return false
    },
    async view(space, fromSeq, limit) {
      const tip = await look(`${folder}/${space}`)
      if (tip === undefined) return { record: undefined, checkpoint: undefined, events: [] }
      return viewOf(objects, tip, fromSeq, limit)
    },
  }
}

/** The commit that `ref` leads to at this moment; undefined if there is no such ref. */
async function commitAt(repository: Repository, objects: Objects, ref: string): Promise<GitObject | undefined> {
  const found = await objects.at(ref)
  // Git does not tell a ref that leads nowhere from none.
  if (found !== undefined || !isFile(join(repository.folder, ref))) return found
  const again = await objects.at(ref)
  if (again === undefined) await refuseLost(repository, objects, ref)
  return again
}

const isFile = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isFile() ?? false

/** @throws StoreError when `ref` is there, but leads to nothing that is */
async function refuseLost({ place, folder }: Repository, objects: Objects, ref: string): Promise<void> {
  const failed = `the ref ${ref} cannot be read`
  const name = (await runGit(place, ['for-each-ref', '--format=%(objectname)', ref], failed)).trim()
  const broken = name === '' ? isFile(join(folder, ref)) : (await objects.at(name)) === undefined
  if (!broken) return
  throw damaged(
    place.name,
    `the ref ${ref} leads nowhere`,
    name === '' ? 'no name of an object' : `${name}, which is lost`,
  )
}
