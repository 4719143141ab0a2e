const files = new Map<string, string>()

/** Remembers the file that a scenario was loaded from: what is found wrong with it later is told with that. */
export const cameFrom = (scenario: string, file: string): void => void files.set(scenario, file)

/** Where the scenario of this name came from; undefined for a built-in one, and for one that a configuration holds itself. */
export const fileOfScenario = (scenario: string): string | undefined => files.get(scenario)
