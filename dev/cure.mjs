/** A problem with a known cure: told without a stack, for the person at the console. */
export class Cure extends Error {}
