import type { Fence } from '../lease/index.js'
import type { CommandOf, Reply } from '../protocol/index.js'
import type { Probe } from './probe.js'

type Showing = Extract<CommandOf['core' | 'log'], { readonly fence: Fence }>

/** What may be asked under a fence and must be refused without a good one. A release that frees nothing need not be. */
const ways: Readonly<Record<Exclude<Showing['kind'], 'release'>, (probe: Probe, fence: Fence) => Promise<Reply>>> = {
  append: (probe, fence) => probe.append(fence, 1),
  validate: (probe, fence) => probe.ask('validate', fence.owner, { fence }),
  renew: (probe, fence) => probe.renew(fence),
  checkpoint: (probe, fence) => probe.checkpoint(fence, 0, 0),
  truncate: (probe, fence) => probe.truncate(fence, 0),
}
type Fenced = keyof typeof ways

/** Every one of `kinds` that the subject has, asked under `fence`. */
export function everyWay(
  probe: Probe,
  fence: Fence,
  kinds = Object.keys(ways) as readonly Fenced[],
): readonly (() => Promise<Reply>)[] {
  return kinds.filter((kind) => probe.has(kind)).map((kind) => () => ways[kind](probe, fence))
}

/** What may be written under a fence. */
export const writes = ['append', 'checkpoint', 'truncate'] as const

/** Sees that nothing can be done under `fence`, which is none of the live lease: all is refused, and a release frees nothing. */
export async function powerless(probe: Probe, fence: Fence, what: string): Promise<void> {
  for (const ask of everyWay(probe, fence)) await probe.refused(ask(), what)
  if (!probe.has('release')) return
  await probe.ask('release', fence.owner, { fence })
  await probe.refused(probe.acquire('c'), `acquire after a release with ${what}`)
}

/** Tokens that are not that of `fence`, each by how it is wrong. */
export function madeUpTokens({ token }: Fence): readonly (readonly [token: string, what: string])[] {
  const all = [
    ['made up', 'a made-up token'],
    ['', 'no token'],
    [token.slice(0, -1), 'the beginning of a token'],
    [`${token}.`, 'a token with something behind it'],
    [` ${token} `, 'a token with blanks around it'],
    // Digits of 16, as of a UUID, mean the same in either case.
    ...(/^[\da-f-]*$/i.test(token)
      ? []
      : ([
          [token.toLowerCase(), 'a token in lower case'],
          [token.toUpperCase(), 'a token in upper case'],
        ] as const)),
  ] as const
  return all.filter(([other]) => other !== token)
}
