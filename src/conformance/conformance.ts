import { type CommandKind, type Part, parts } from '../protocol/index.js'
import { assemble, type Subject, SubjectFault } from '../subject/index.js'
import type { ContractCheck } from './check.js'
import { fencing } from './fencing.js'
import { grants } from './grants.js'
import { jobs } from './jobs.js'
import { logs } from './logs.js'
import { ContractBroken, NothingToSee, Probe } from './probe.js'

/** By part of a subject, what it has to keep. */
const contract = { core: [...grants, ...fencing], log: logs, jobs } as const satisfies Readonly<
  Record<Part, readonly ContractCheck[]>
>

const builtIn: Readonly<Record<Part, string>> = {
  core: 'its core is the built-in one',
  log: 'its log is the built-in one',
  jobs: 'its jobs are the built-in ones',
}

/** Whether one sentence of the contract holds. */
export type ContractResult = { readonly name: string } & (
  | { readonly verdict: 'held' }
  | {
      readonly verdict: 'broken'
      readonly message: string
      /** The same went another way the second time: of the subject nothing else is known. */
      readonly nondeterministic?: true
    }
  /** There is nothing of the subject's own to check. */
  | { readonly verdict: 'skipped'; readonly why: string }
)

/** A time of our days, of which the lower 32 bits change their sign when a lease that is granted at once ends. */
const OF_OUR_DAYS_MS = 791 * 0x8000_0000 - 100

/**
 * Checks `subject` against the contract, each sentence on a store of its own: twice from time 0 on, then once at a time of our
 * days; on a store of ours the last alone. If the second time goes another way, the sentence at which it does is broken, and
 * all others are skipped. Throws SubjectFault when it cannot even be put together.
 */
export async function conformanceOf(subject: Subject): Promise<readonly ContractResult[]> {
  const ofOurDays = () => tryAll(subject, OF_OUR_DAYS_MS)
  if (subject.store !== undefined) return (await ofOurDays()).map(({ result }) => result)
  const first = await tryAll(subject, 0)
  const second = await tryAll(subject, 0)
  const differences = first.map((tried, at) => differenceOf(tried, second[at] as Tried))
  const differing = differences.findIndex((difference) => difference !== undefined)
  if (differing >= 0) {
    return first.map(({ result: { name } }, at) =>
      at === differing
        ? { name, verdict: 'broken', message: nondeterministic(differences[at] as string), nondeterministic: true }
        : { name, verdict: 'skipped', why: 'the subject is not deterministic' },
    )
  }
  const last = await ofOurDays()
  return first.map(({ result }, at) => (result.verdict === 'broken' ? result : (last[at] as Tried).result))
}

/** A time that no run which begins at 0 comes to, and every clock of our days shows. */
const OF_THE_HOST = /\b[12]\d{12}\b/

const nondeterministic = (difference: string): string =>
  `${difference}: the subject ${OF_THE_HOST.test(difference) ? 'reads a clock of the host, it seems' : 'is not deterministic, or keeps something from run to run'}`

/** What came of a sentence, and how. */
interface Tried {
  readonly result: ContractResult
  readonly story: readonly string[]
}

/** A subject that is put together with another seed has another secret. */
const [SEED, OTHER_SEED] = [1, 2]

async function tryAll(subject: Subject, startMs: number): Promise<readonly Tried[]> {
  const { commands } = assemble(subject, SEED)
  const all: Tried[] = []
  for (const part of parts) {
    for (const check of contract[part]) all.push(await tryOne(subject, part, check, commands, startMs))
  }
  return all
}

async function tryOne(
  subject: Subject,
  part: Part,
  { name, needs, check }: ContractCheck,
  commands: ReadonlySet<CommandKind>,
  startMs: number,
): Promise<Tried> {
  const skipped = (why: string, story: readonly string[] = []): Tried => ({
    result: { name, verdict: 'skipped', why },
    story: [...story, `skipped: ${why}`],
  })
  const missing = needs.filter((kind) => !commands.has(kind))
  if (missing.length > 0) return skipped(`no ${missing.join(', ')}`)
  const assembled = assemble(subject, SEED)
  if (!assembled.own.has(part)) return skipped(builtIn[part])
  const probe = new Probe(assembled, () => assemble(subject, OTHER_SEED), startMs)
  try {
    const why = await check(probe)
    if (why !== undefined) return skipped(why, probe.story)
    return { result: { name, verdict: 'held' }, story: [...probe.story, 'held'] }
  } catch (error) {
    if (error instanceof NothingToSee) return skipped(error.message, probe.story)
    if (!(error instanceof ContractBroken) && !(error instanceof SubjectFault)) throw error
    const { message } = error
    return { result: { name, verdict: 'broken', message }, story: [...probe.story, message] }
  }
}

/** Where two stories of one sentence part. */
function differenceOf({ story: one }: Tried, { story: other }: Tried): string | undefined {
  const at = one.findIndex((line, index) => line !== other[index])
  return at < 0 ? undefined : `first ${one[at]}, then ${other[at] ?? 'nothing'}`
}
