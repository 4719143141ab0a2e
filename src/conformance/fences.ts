import type { Fence } from '../lease/index.js'
import type { Reply } from '../log/index.js'
import type { Probe } from './probe.js'

/** What may be asked under a fence and must be refused without a good one. A release that frees nothing need not be. */
const fenced = ['append', 'validate', 'renew', 'checkpoint', 'truncate'] as const

/** Every one of `kinds` that the subject has, asked under `fence`. */
export function everyWay(
  probe: Probe,
  fence: Fence,
  kinds: readonly (typeof fenced)[number][] = fenced,
): readonly (() => Promise<Reply>)[] {
  const { owner } = fence
  const ways = {
    append: () => probe.append(fence, 1),
    validate: () => probe.ask('validate', owner, { fence }),
    renew: () => probe.ask('renew', owner, { fence, ttlMs: 100 }),
    checkpoint: () => probe.ask('checkpoint', owner, { fence, nextSeq: 0, state: 0 }),
    truncate: () => probe.ask('truncate', owner, { fence, beforeSeq: 0 }),
  }
  return kinds.filter((kind) => probe.has(kind)).map((kind) => ways[kind])
}

/** Tokens that are not that of `fence`, each by how it is wrong. */
export const madeUpTokens = ({ token }: Fence): readonly (readonly [token: string, what: string])[] => [
  ['made up', 'a made-up token'],
  ['', 'no token'],
  [token.slice(0, -1), 'the beginning of a token'],
  [`${token}.`, 'a token with something behind it'],
]
