import type { Scenario } from '../scenario/index.js'
import type { ExploreOptions, Failure } from './chunk.js'
import { type Shrunk, shrink } from './shrink.js'
import { type Story, storyOf } from './story.js'

/** What there is to say of a failure. */
export interface Telling {
  /** The failure made small; absent when that was not wanted, or stopped. */
  readonly small?: Shrunk
  /** Of the small one if there is one, else of the failure as it was found. */
  readonly story: Story
}

class Stopped extends Error {
  override readonly name = 'Stopped'
}

/** Makes `found` small for as long as `goOn` says so, and tells what happens in it. */
export async function tell(
  scenario: Scenario,
  found: Failure,
  options: ExploreOptions,
  goOn: () => Promise<boolean>,
): Promise<Telling> {
  const small = await shrunk(scenario, found, options, goOn)
  const failure = small?.failure ?? found
  const story = await storyOf(scenario, failure, options)
  return { ...(small === undefined ? {} : { small }), story }
}

async function shrunk(
  scenario: Scenario,
  found: Failure,
  options: ExploreOptions,
  goOn: () => Promise<boolean>,
): Promise<Shrunk | undefined> {
  // What goes another way each time fails in another way each time.
  if (found.kind === 'nondeterministic' || !(await goOn())) return undefined
  try {
    return await shrink(scenario, found, options, async () => {
      if (!(await goOn())) throw new Stopped()
    })
  } catch (error) {
    if (error instanceof Stopped) return undefined
    throw error
  }
}
