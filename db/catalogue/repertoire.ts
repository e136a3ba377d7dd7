/**
 * What the modelled concerts and plays are made of: works whose authors died a hundred years ago or more, and cities.
 * No living artist is named, and no real ensemble.
 */

export interface Work {
  author: string
  title: string
}

const works = (author: string, ...titles: string[]): Work[] => titles.map(title => ({ author, title }))

/** For an orchestra, in an arena. */
export const ORCHESTRAL: Work[] = [
  ...works('Ludwig van Beethoven', 'Symphony No. 9', 'Symphony No. 5', 'Piano Concerto No. 5 “Emperor”'),
  ...works('Wolfgang Amadeus Mozart', 'Requiem', 'Symphony No. 41 “Jupiter”', 'The Magic Flute in Concert'),
  ...works('Antonio Vivaldi', 'The Four Seasons'),
  ...works('George Frideric Handel', 'Messiah', 'Music for the Royal Fireworks'),
  ...works('Johann Sebastian Bach', 'Brandenburg Concertos', 'St Matthew Passion'),
  ...works('Joseph Haydn', 'The Creation', 'Symphony No. 94 “Surprise”'),
  ...works('Giuseppe Verdi', 'Requiem', 'Aida in Concert'),
  ...works('Giacomo Puccini', 'La Bohème in Concert', 'Tosca in Concert'),
  ...works('Georges Bizet', 'Carmen in Concert'),
  ...works('Pyotr Ilyich Tchaikovsky', 'Swan Lake', '1812 Overture', 'Symphony No. 6 “Pathétique”'),
  ...works('Antonín Dvořák', 'Symphony No. 9 “From the New World”'),
  ...works('Gustav Mahler', 'Symphony No. 2 “Resurrection”', 'Symphony No. 5'),
  ...works('Johannes Brahms', 'A German Requiem', 'Symphony No. 4'),
  ...works('Felix Mendelssohn', 'A Midsummer Night’s Dream', 'Violin Concerto'),
  ...works('Edvard Grieg', 'Peer Gynt'),
  ...works('Bedřich Smetana', 'My Country'),
  ...works('Camille Saint-Saëns', 'The Carnival of the Animals', 'Symphony No. 3 “Organ”'),
  ...works('Hector Berlioz', 'Symphonie fantastique'),
  ...works('Louise Farrenc', 'Symphony No. 3'),
  ...works('Modest Mussorgsky', 'Pictures at an Exhibition'),
  ...works('Nikolai Rimsky-Korsakov', 'Scheherazade'),
  ...works('Johann Strauss', 'The Blue Danube'),
]

/** For few players, in a theatre. */
export const CHAMBER: Work[] = [
  ...works('Frédéric Chopin', 'Nocturnes', 'Preludes', 'Études'),
  ...works('Franz Schubert', 'Winterreise', 'Trout Quintet', 'Death and the Maiden'),
  ...works('Clara Schumann', 'Piano Trio in G minor', 'Songs'),
  ...works('Robert Schumann', 'Scenes from Childhood', 'Poet’s Love'),
  ...works('Fanny Hensel', 'The Year'),
  ...works('Johann Sebastian Bach', 'Goldberg Variations', 'Cello Suites'),
  ...works('Claude Debussy', 'Images', 'String Quartet'),
  ...works('Erik Satie', 'Gymnopédies'),
  ...works('Franz Liszt', 'Years of Pilgrimage'),
  ...works('Ludwig van Beethoven', 'Moonlight Sonata', 'Late Quartets'),
  ...works('Joseph Bologne', 'String Quartets'),
  ...works('Scott Joplin', 'Rags'),
]

export const PLAYS: Work[] = [
  ...works('William Shakespeare', 'Hamlet', 'Macbeth', 'Twelfth Night', 'The Tempest', 'Romeo and Juliet'),
  ...works('Molière', 'Tartuffe', 'The Imaginary Invalid', 'The Miser'),
  ...works('Anton Chekhov', 'The Seagull', 'Three Sisters', 'The Cherry Orchard'),
  ...works('Henrik Ibsen', 'A Doll’s House', 'Hedda Gabler', 'An Enemy of the People'),
  ...works('Oscar Wilde', 'The Importance of Being Earnest', 'An Ideal Husband'),
  ...works('Sophocles', 'Antigone', 'Oedipus Rex'),
  ...works('Euripides', 'Medea'),
  ...works('Aristophanes', 'Lysistrata'),
  ...works('Johann Wolfgang von Goethe', 'Faust'),
  ...works('Friedrich Schiller', 'Mary Stuart', 'The Robbers'),
  ...works('Heinrich von Kleist', 'The Broken Jug'),
  ...works('Georg Büchner', 'Woyzeck'),
  ...works('Nikolai Gogol', 'The Government Inspector'),
  ...works('August Strindberg', 'Miss Julie'),
  ...works('Carlo Goldoni', 'The Servant of Two Masters'),
  ...works('Pedro Calderón de la Barca', 'Life Is a Dream'),
  ...works('Lope de Vega', 'The Dog in the Manger'),
  ...works('Aphra Behn', 'The Rover'),
  ...works('Kalidasa', 'The Recognition of Shakuntala'),
  ...works('Christopher Marlowe', 'Doctor Faustus'),
  ...works('Edmond Rostand', 'Cyrano de Bergerac'),
]

/** Sixty cities, as the gazetteer names them. */
export const CITIES: [country: string, ...names: string[]][] = [
  ['AT', 'Vienna', 'Salzburg'],
  ['DE', 'Berlin', 'Munich', 'Hamburg', 'Köln', 'Leipzig'],
  ['CH', 'Zürich'],
  ['FR', 'Paris', 'Lyon', 'Marseille'],
  ['BE', 'Brussels'],
  ['NL', 'Amsterdam'],
  ['GB', 'London', 'Manchester', 'Edinburgh', 'Cardiff'],
  ['IE', 'Dublin'],
  ['ES', 'Madrid', 'Barcelona', 'Sevilla'],
  ['PT', 'Lisbon', 'Porto'],
  ['IT', 'Rome', 'Milan', 'Naples'],
  ['GR', 'Athens'],
  ['TR', 'Istanbul'],
  ['DK', 'Copenhagen'],
  ['SE', 'Stockholm'],
  ['NO', 'Oslo'],
  ['FI', 'Helsinki'],
  ['EE', 'Tallinn'],
  ['PL', 'Warsaw', 'Kraków'],
  ['CZ', 'Prague'],
  ['HU', 'Budapest'],
  ['RO', 'Bucharest'],
  ['US', 'New York City', 'Chicago', 'Los Angeles', 'Boston'],
  ['CA', 'Toronto', 'Montréal'],
  ['MX', 'Mexico City'],
  ['BR', 'Rio de Janeiro'],
  ['AR', 'Buenos Aires'],
  ['CL', 'Santiago'],
  ['CO', 'Bogotá'],
  ['JP', 'Tokyo', 'Kyoto'],
  ['KR', 'Seoul'],
  ['CN', 'Shanghai'],
  ['SG', 'Singapore'],
  ['IN', 'Mumbai'],
  ['AU', 'Sydney'],
  ['NZ', 'Auckland'],
  ['ZA', 'Cape Town'],
  ['EG', 'Cairo'],
  ['KE', 'Nairobi'],
]
