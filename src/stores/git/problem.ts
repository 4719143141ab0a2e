import { StoreError } from '../store-error.js'

/** What to do about what git or the file system says. The first that fits counts. */
const advice: readonly (readonly [sign: RegExp, todo: string])[] = [
  [/No space left|ENOSPC|EDQUOT|quota exceeded/i, 'make room on the disk; nothing that was acknowledged is lost'],
  [/dubious ownership/, 'say that the repository may be used: git config --global --add safe.directory <its folder>'],
  [/\.lock': File exists/, 'if no other process uses the repository, a crash has left this file behind: remove it'],
  [/Permission denied|EACCES|EPERM|Read-only file system|EROFS/, 'let this user write to the repository'],
  [/not a git repository|cannot change to/, 'name the folder of a repository, or make one: git init --bare <folder>'],
  [/bad config/, 'mend the file that is named, by hand or with git config --edit'],
  [/exists; cannot create/, 'remove the ref that stands in the way, or use another repository'],
  [
    // Of a ref that it cannot write git does not say why: most often there is no room.
    /couldn't write/,
    'see whether the disk is full, and whether this user may write there; nothing that was acknowledged is lost',
  ],
  [/SIG[A-Z]+/, 'try again; git starts anew'],
]

/** What git or the file system says, as a StoreError. */
export function gitError(
  place: string,
  what: string,
  found: string,
  options?: { readonly cause?: unknown },
): StoreError {
  const todo = advice.find(([sign]) => sign.test(found))?.[1]
  return new StoreError({ what, store: `git ${place}`, found, ...(todo === undefined ? {} : { todo }) }, options)
}

export function gitMissing(place: string): StoreError {
  return new StoreError({
    what: 'git is not installed',
    store: `git ${place}`,
    found: 'no git on the PATH',
    expected: 'git 2.30 or later',
    todo: 'install git',
  })
}

/** A ref of ours that leads to what contention did not write. It is never written to. */
export function foreignRef(place: string, ref: string, found: string): StoreError {
  return new StoreError({
    what: `the ref ${ref} holds what contention did not write there`,
    store: `git ${place}`,
    found,
    expected: 'a commit that contention made, or no ref',
    todo: `look at it (git log ${ref}), and move it away: git update-ref -d ${ref}`,
    lost: true,
  })
}

/** Something that has to be in the repository is not, or not as it was written. */
export function damaged(place: string, what: string, found: string): StoreError {
  return new StoreError({
    what: `the git repository is damaged: ${what}`,
    store: `git ${place}`,
    found,
    expected: 'every object that a commit leads to',
    todo: 'git fsck shows what is lost; restore it from a copy of the repository',
  })
}
