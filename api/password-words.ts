/** Words that leaked passwords are made of, by hand: names of roles, of affection, teams, months, swear words, famous phrases. */
export const COMMON_WORDS: readonly string[] = `
password passwort motdepasse contrasena passw0rd passwd pass letmein welcome welcometo iloveyou iloveu loveyou lovely love
forever always never superman batman spiderman pokemon starwars football baseball basketball soccer hockey liverpool
chelsea arsenal barcelona realmadrid manchester united princess prince sunshine monkey dragon shadow master killer
qwerty qwertz azerty asdf asdfgh zxcvbn zxcv qwer qwert admin administrator administrador root user login guest test
testing tester tests demo default changeme change secret trustno access system server computer internet windows google
facebook instagram twitter linkedin youtube myspace yahoo hotmail gmail outlook microsoft apple samsung android iphone
heroku drainboard dashboard postgres redis database monitor monitoring logplex
january february march april june july august september october november december summer winter spring autumn
monday tuesday wednesday thursday friday saturday sunday
michael jennifer jessica michelle ashley daniel andrew joshua matthew charlie thomas robert william jordan hunter
anthony nicole amanda elizabeth samantha christopher alexander alexandra benjamin victoria
babygirl babyboy baby angel angels beautiful butterfly flower flowers sweetheart sweet honey chocolate cookie cheese
computer freedom whatever nothing something everything anything jesus christ jesuschrist god blessed heaven
fuck fuckyou fucker fuckoff bitch asshole shit sexy sex
abc abcd abcdef abc123 one two three four five six seven eight nine ten hello helloworld world goodbye please
correcthorsebatterystaple thisisapassword thisismypassword mypassword mypass mysecret this is my the and you
company office business school college university student teacher
yankees cowboys lakers steelers eagles packers ranger rangers tigers lions bears ferrari mercedes porsche corvette mustang harley yamaha honda
matrix hacker hackers ninja samurai phoenix thunder lightning diamond crystal silver golden gold
donald trump america usa england london paris berlin germany france canada australia mexico brazil india china japan russia
kittens puppies kitty tigger snoopy mickey minnie garfield naruto zelda mario sonic
`
  .trim()
  .split(/\s+/);
