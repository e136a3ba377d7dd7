export class Cure extends Error {}
