import { digestText } from '../trace/index.js'

/** A core without tokens has none to be made up. */
export const NO_TOKEN = digestText('')
