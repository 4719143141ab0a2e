/** Seeds are 32 bits, so that every way of writing one down can hold it. */
export const MAX_SEED = 4_294_967_295
