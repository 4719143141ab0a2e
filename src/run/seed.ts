export const DEFAULT_SEED = 1
