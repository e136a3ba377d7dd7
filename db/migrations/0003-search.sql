-- Search on Postgres alone: one row of words an event, and the vocabulary that typing errors are mended with.
-- Triggers keep it right whoever writes; refresh_event_search() makes it anew.

-- What both sides of a comparison are brought to: lower case, no accents, letters and digits alone.
-- unaccent is only stable, as its dictionary could be edited; ours is not, and an index needs the promise.
create function search_text(input text) returns text
language sql immutable strict parallel safe as $$
  select btrim(regexp_replace(replace(lower(public.unaccent('public.unaccent', input)), '''', ''), '[^[:alnum:]]+', ' ', 'g'))
$$;

create function search_vector(input text) returns tsvector
language sql immutable parallel safe as $$
  select to_tsvector('simple', coalesce(search_text(input), ''))
$$;

-- What English calls the countries that venues name by code.
create table country_names (
  code text primary key check (code ~ '^[A-Z]{2}$'),
  names text not null
);
insert into country_names (code, names) values
  ('AD', 'Andorra'), ('AE', 'United Arab Emirates'), ('AF', 'Afghanistan'), ('AG', 'Antigua & Barbuda'),
  ('AI', 'Anguilla'), ('AL', 'Albania'), ('AM', 'Armenia'), ('AO', 'Angola'), ('AQ', 'Antarctica'),
  ('AR', 'Argentina'), ('AS', 'American Samoa'), ('AT', 'Austria'), ('AU', 'Australia'), ('AW', 'Aruba'),
  ('AX', 'Åland Islands'), ('AZ', 'Azerbaijan'), ('BA', 'Bosnia & Herzegovina'), ('BB', 'Barbados'),
  ('BD', 'Bangladesh'), ('BE', 'Belgium'), ('BF', 'Burkina Faso'), ('BG', 'Bulgaria'), ('BH', 'Bahrain'),
  ('BI', 'Burundi'), ('BJ', 'Benin'), ('BL', 'St. Barthélemy'), ('BM', 'Bermuda'), ('BN', 'Brunei'),
  ('BO', 'Bolivia'), ('BQ', 'Caribbean Netherlands'), ('BR', 'Brazil'), ('BS', 'Bahamas'), ('BT', 'Bhutan'),
  ('BV', 'Bouvet Island'), ('BW', 'Botswana'), ('BY', 'Belarus'), ('BZ', 'Belize'), ('CA', 'Canada'),
  ('CC', 'Cocos (Keeling) Islands'), ('CD', 'Congo - Kinshasa'), ('CF', 'Central African Republic'),
  ('CG', 'Congo - Brazzaville'), ('CH', 'Switzerland'), ('CI', 'Côte d''Ivoire'), ('CK', 'Cook Islands'),
  ('CL', 'Chile'), ('CM', 'Cameroon'), ('CN', 'China'), ('CO', 'Colombia'), ('CR', 'Costa Rica'),
  ('CU', 'Cuba'), ('CV', 'Cape Verde'), ('CW', 'Curaçao'), ('CX', 'Christmas Island'), ('CY', 'Cyprus'),
  ('CZ', 'Czechia, Czech Republic'), ('DE', 'Germany'), ('DJ', 'Djibouti'), ('DK', 'Denmark'), ('DM', 'Dominica'),
  ('DO', 'Dominican Republic'), ('DZ', 'Algeria'), ('EC', 'Ecuador'), ('EE', 'Estonia'), ('EG', 'Egypt'),
  ('EH', 'Western Sahara'), ('ER', 'Eritrea'), ('ES', 'Spain'), ('ET', 'Ethiopia'), ('FI', 'Finland'),
  ('FJ', 'Fiji'), ('FK', 'Falkland Islands'), ('FM', 'Micronesia'), ('FO', 'Faroe Islands'), ('FR', 'France'),
  ('GA', 'Gabon'), ('GB', 'United Kingdom, UK, Great Britain'), ('GD', 'Grenada'), ('GE', 'Georgia'), ('GF', 'French Guiana'),
  ('GG', 'Guernsey'), ('GH', 'Ghana'), ('GI', 'Gibraltar'), ('GL', 'Greenland'), ('GM', 'Gambia'),
  ('GN', 'Guinea'), ('GP', 'Guadeloupe'), ('GQ', 'Equatorial Guinea'), ('GR', 'Greece'),
  ('GS', 'South Georgia & South Sandwich Islands'), ('GT', 'Guatemala'), ('GU', 'Guam'),
  ('GW', 'Guinea-Bissau'), ('GY', 'Guyana'), ('HK', 'Hong Kong SAR China'),
  ('HM', 'Heard & McDonald Islands'), ('HN', 'Honduras'), ('HR', 'Croatia'), ('HT', 'Haiti'),
  ('HU', 'Hungary'), ('ID', 'Indonesia'), ('IE', 'Ireland'), ('IL', 'Israel'), ('IM', 'Isle of Man'),
  ('IN', 'India'), ('IO', 'British Indian Ocean Territory'), ('IQ', 'Iraq'), ('IR', 'Iran'),
  ('IS', 'Iceland'), ('IT', 'Italy'), ('JE', 'Jersey'), ('JM', 'Jamaica'), ('JO', 'Jordan'), ('JP', 'Japan'),
  ('KE', 'Kenya'), ('KG', 'Kyrgyzstan'), ('KH', 'Cambodia'), ('KI', 'Kiribati'), ('KM', 'Comoros'),
  ('KN', 'St. Kitts & Nevis'), ('KP', 'North Korea'), ('KR', 'South Korea'), ('KW', 'Kuwait'),
  ('KY', 'Cayman Islands'), ('KZ', 'Kazakhstan'), ('LA', 'Laos'), ('LB', 'Lebanon'), ('LC', 'St. Lucia'),
  ('LI', 'Liechtenstein'), ('LK', 'Sri Lanka'), ('LR', 'Liberia'), ('LS', 'Lesotho'), ('LT', 'Lithuania'),
  ('LU', 'Luxembourg'), ('LV', 'Latvia'), ('LY', 'Libya'), ('MA', 'Morocco'), ('MC', 'Monaco'),
  ('MD', 'Moldova'), ('ME', 'Montenegro'), ('MF', 'St. Martin'), ('MG', 'Madagascar'),
  ('MH', 'Marshall Islands'), ('MK', 'North Macedonia'), ('ML', 'Mali'), ('MM', 'Myanmar (Burma)'),
  ('MN', 'Mongolia'), ('MO', 'Macao SAR China'), ('MP', 'Northern Mariana Islands'), ('MQ', 'Martinique'),
  ('MR', 'Mauritania'), ('MS', 'Montserrat'), ('MT', 'Malta'), ('MU', 'Mauritius'), ('MV', 'Maldives'),
  ('MW', 'Malawi'), ('MX', 'Mexico'), ('MY', 'Malaysia'), ('MZ', 'Mozambique'), ('NA', 'Namibia'),
  ('NC', 'New Caledonia'), ('NE', 'Niger'), ('NF', 'Norfolk Island'), ('NG', 'Nigeria'), ('NI', 'Nicaragua'),
  ('NL', 'Netherlands, Holland'), ('NO', 'Norway'), ('NP', 'Nepal'), ('NR', 'Nauru'), ('NU', 'Niue'),
  ('NZ', 'New Zealand'), ('OM', 'Oman'), ('PA', 'Panama'), ('PE', 'Peru'), ('PF', 'French Polynesia'),
  ('PG', 'Papua New Guinea'), ('PH', 'Philippines'), ('PK', 'Pakistan'), ('PL', 'Poland'),
  ('PM', 'St. Pierre & Miquelon'), ('PN', 'Pitcairn Islands'), ('PR', 'Puerto Rico'),
  ('PS', 'Palestinian Territories'), ('PT', 'Portugal'), ('PW', 'Palau'), ('PY', 'Paraguay'), ('QA', 'Qatar'),
  ('RE', 'Réunion'), ('RO', 'Romania'), ('RS', 'Serbia'), ('RU', 'Russia'), ('RW', 'Rwanda'),
  ('SA', 'Saudi Arabia'), ('SB', 'Solomon Islands'), ('SC', 'Seychelles'), ('SD', 'Sudan'), ('SE', 'Sweden'),
  ('SG', 'Singapore'), ('SH', 'St. Helena'), ('SI', 'Slovenia'), ('SJ', 'Svalbard & Jan Mayen'),
  ('SK', 'Slovakia'), ('SL', 'Sierra Leone'), ('SM', 'San Marino'), ('SN', 'Senegal'), ('SO', 'Somalia'),
  ('SR', 'Suriname'), ('SS', 'South Sudan'), ('ST', 'São Tomé & Príncipe'), ('SV', 'El Salvador'),
  ('SX', 'Sint Maarten'), ('SY', 'Syria'), ('SZ', 'Eswatini'), ('TC', 'Turks & Caicos Islands'),
  ('TD', 'Chad'), ('TF', 'French Southern Territories'), ('TG', 'Togo'), ('TH', 'Thailand'),
  ('TJ', 'Tajikistan'), ('TK', 'Tokelau'), ('TL', 'Timor-Leste'), ('TM', 'Turkmenistan'), ('TN', 'Tunisia'),
  ('TO', 'Tonga'), ('TR', 'Türkiye, Turkey'), ('TT', 'Trinidad & Tobago'), ('TV', 'Tuvalu'), ('TW', 'Taiwan'),
  ('TZ', 'Tanzania'), ('UA', 'Ukraine'), ('UG', 'Uganda'), ('UM', 'U.S. Outlying Islands'),
  ('US', 'United States of America, USA'), ('UY', 'Uruguay'), ('UZ', 'Uzbekistan'), ('VA', 'Vatican City'),
  ('VC', 'St. Vincent & Grenadines'), ('VE', 'Venezuela'), ('VG', 'British Virgin Islands'),
  ('VI', 'U.S. Virgin Islands'), ('VN', 'Vietnam'), ('VU', 'Vanuatu'), ('WF', 'Wallis & Futuna'),
  ('WS', 'Samoa'), ('XK', 'Kosovo'), ('YE', 'Yemen'), ('YT', 'Mayotte'), ('ZA', 'South Africa'),
  ('ZM', 'Zambia'), ('ZW', 'Zimbabwe');

-- Two names of one city, its own and the English one; the catalogue has either.
create table city_names (
  name text not null,
  other text not null,
  primary key (name, other)
);
insert into city_names (name, other) values
  ('Munich', 'München'), ('Cologne', 'Köln'), ('Nuremberg', 'Nürnberg'), ('Hanover', 'Hannover'),
  ('Brunswick', 'Braunschweig'), ('Vienna', 'Wien'), ('Zürich', 'Zurich'), ('Geneva', 'Genève'),
  ('Basel', 'Basle'), ('Rome', 'Roma'), ('Milan', 'Milano'), ('Turin', 'Torino'), ('Naples', 'Napoli'),
  ('Florence', 'Firenze'), ('Genoa', 'Genova'), ('Venice', 'Venezia'), ('Lisbon', 'Lisboa'),
  ('Porto', 'Oporto'), ('Seville', 'Sevilla'), ('Copenhagen', 'København'), ('Gothenburg', 'Göteborg'),
  ('Prague', 'Praha'), ('Warsaw', 'Warszawa'), ('Brussels', 'Bruxelles'), ('Brussels', 'Brussel'),
  ('Antwerp', 'Antwerpen'), ('Ghent', 'Gent'), ('Bruges', 'Brugge'), ('The Hague', 'Den Haag'),
  ('Athens', 'Athína'), ('Thessaloníki', 'Saloniki'), ('Bucharest', 'București'), ('Belgrade', 'Beograd'),
  ('Moscow', 'Moskva'), ('Saint Petersburg', 'Sankt-Peterburg'), ('Kyiv', 'Kiev'), ('Istanbul', 'İstanbul'),
  ('Marseille', 'Marseilles'), ('Lyon', 'Lyons'), ('Mexico City', 'Ciudad de México'), ('Beijing', 'Peking');

-- words: all of it; A name and performers, B venue and city, D the rest. The others serve one parameter each.
create table event_search (
  event_id text primary key references events on delete cascade,
  words tsvector not null,
  name tsvector not null,
  artist tsvector not null,
  venue tsvector not null,
  city tsvector not null,
  place tsvector not null
);
create index event_search_words on event_search using gin (words);
create index event_search_fields on event_search using gin (artist, city, venue, place, name);

create table search_words (
  word text collate "C" primary key
);
create index search_words_by_trigram on search_words using gin (word gin_trgm_ops);

-- The order of a search that asks for nothing: on sale first, then by date.
create index events_by_sale on events ((status <> 'onsale'), starts_at, id);
create index events_by_name on events (search_text(name), starts_at, id);
create index events_by_type on events (type, starts_at);
create index venues_by_latitude on venues (lat);

-- Writes these events' rows, or all of them, and the vocabulary. Answers how many events it wrote.
create function refresh_event_search(ids text[] default null) returns integer
language plpgsql as $$
declare
  written integer;
begin
  insert into event_search (event_id, words, name, artist, venue, city, place)
  select e.id,
    setweight(t.name || t.artist, 'A') || setweight(t.venue || t.city, 'B') || setweight(t.place || t.kind, 'D'),
    t.name, t.artist, t.venue, t.city, t.city || t.place
  from events e
  join venues v on v.id = e.venue_id
  left join country_names c on c.code = v.country
  cross join lateral (
    select search_vector(e.name) as name,
      search_vector((
        select string_agg(p.name, ' ' order by ep.position)
        from event_performers ep join performers p on p.id = ep.performer_id where ep.event_id = e.id
      )) as artist,
      search_vector(v.name) as venue,
      search_vector(concat_ws(' ', v.city, (
        select string_agg(case n.name when v.city then n.other else n.name end, ' ')
        from city_names n where v.city in (n.name, n.other)
      ))) as city,
      search_vector(concat_ws(' ', v.region, c.names)) as place,
      search_vector(concat_ws(' ', e.competition, e.type)) as kind
  ) t
  where ids is null or e.id = any(ids)
  on conflict (event_id) do update set words = excluded.words, name = excluded.name, artist = excluded.artist,
    venue = excluded.venue, city = excluded.city, place = excluded.place;
  get diagnostics written = row_count;
  -- In one order, so that two writers never wait for each other in a circle.
  insert into search_words (word)
  select distinct w.word collate "C" as word
  from event_search s, unnest(tsvector_to_array(s.words)) as w(word)
  where ids is null or s.event_id = any(ids)
  order by word
  on conflict do nothing;
  if ids is null then
    delete from search_words k
    where not exists (select from event_search s where s.words @@ ('''' || k.word || '''')::tsquery);
  end if;
  return written;
end
$$;

-- Are the two words the same but for one letter put in, left out, changed, or swapped with its neighbour?
create function one_typo(a text, b text) returns boolean
language plpgsql immutable strict parallel safe as $$
declare
  i integer := 1;
begin
  if abs(length(a) - length(b)) > 1 then return false; end if;
  while i <= least(length(a), length(b)) and substr(a, i, 1) = substr(b, i, 1) loop
    i := i + 1;
  end loop;
  return substr(a, i + 1) = substr(b, i + 1)
    or substr(a, i + 1) = substr(b, i)
    or substr(a, i) = substr(b, i + 1)
    or (substr(a, i + 2) = substr(b, i + 2) and substr(a, i, 1) = substr(b, i + 1, 1) and substr(a, i + 1, 1) = substr(b, i, 1));
end
$$;

-- Known words one typing error away. Trigrams find the candidates: two words of four letters with two swapped
-- share a ninth of theirs, hence the threshold.
create function near_words(input text) returns setof text
language sql stable strict
set pg_trgm.similarity_threshold = 0.1
as $$
  select word from search_words
  where length(input) >= 3 and word % input and length(word) between length(input) - 1 and length(input) + 1
    and one_typo(word, input)
  order by similarity(word, input) desc, word
  limit 12
$$;

-- The words of a visitor's input in order, at most twelve. What merely joins words counts only where nothing else is there.
create function search_terms(input text) returns table (word text, place bigint)
language sql stable strict as $$
  with terms as (
    select t.word, t.place, t.word in ('vs', 'v', 'versus', 'and', 'at', 'in', 'of', 'the', 'ticket', 'tickets') as joins
    from regexp_split_to_table(search_text(input), ' ') with ordinality t(word, place)
    where t.word <> ''
    limit 12
  )
  select t.word, t.place from terms t where not t.joins or not exists (select from terms where not joins)
$$;

-- Every word of the input, as a beginning (type-ahead); where no event has such a word, or where asked to forgive,
-- the words one typing error away too.
create function search_query(input text, forgiving boolean) returns tsquery
language sql stable strict as $$
  select coalesce(string_agg('(''' || t.word || ''':*' || coalesce(near.words, '') || ')', ' & '), '')::tsquery
  from search_terms(input) t
  cross join lateral (
    select string_agg(' | ''' || n || '''', '') as words
    from near_words(t.word) n
    where forgiving or not exists (select from search_words k where k.word like t.word || '%')
  ) near
$$;

-- The words of the input exactly: all of them (' & ') or one after the other (' <-> '), of some weights or of any ('').
create function search_exactly(input text, joined text, weights text) returns tsquery
language sql stable strict as $$
  select coalesce(string_agg('''' || word || ''':' || weights, joined order by place), '')::tsquery
  from search_terms(input)
$$;

create function events_added() returns trigger language plpgsql as $$
begin
  perform refresh_event_search(array(select id from added));
  return null;
end
$$;
create trigger events_added after insert on events
referencing new table as added for each statement execute function events_added();

create function event_changed() returns trigger language plpgsql as $$
begin
  perform refresh_event_search(array[new.id]);
  return null;
end
$$;
create trigger event_changed after update of name, type, venue_id, competition on events
for each row execute function event_changed();

create function performers_changed() returns trigger language plpgsql as $$
begin
  perform refresh_event_search(array(select distinct event_id from changed));
  return null;
end
$$;
create trigger event_performers_added after insert on event_performers
referencing new table as changed for each statement execute function performers_changed();
create trigger event_performers_removed after delete on event_performers
referencing old table as changed for each statement execute function performers_changed();

create function performer_renamed() returns trigger language plpgsql as $$
begin
  perform refresh_event_search(array(select distinct event_id from event_performers where performer_id = new.id));
  return null;
end
$$;
create trigger performer_renamed after update of name on performers
for each row execute function performer_renamed();

create function venue_changed() returns trigger language plpgsql as $$
begin
  perform refresh_event_search(array(select id from events where venue_id = new.id));
  return null;
end
$$;
create trigger venue_changed after update of name, city, region, country on venues
for each row execute function venue_changed();

-- What was there before this migration.
select refresh_event_search();
