export function findPostgres(root?: string): string
