package feeds

import (
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Dates as people print them. The year may be missing; then the date is the
// last such day up to tomorrow. A time without a zone is taken as UTC, for the
// page does not say better: it can be off by the outlet's offset, three hours
// in Moscow and eight in Beijing.
var (
	isoDate    = regexp.MustCompile(`(?:^|\D)(\d{4})(?:[-/.]|\s?年\s?)(\d{1,2})(?:(?:[-/.]|\s?月\s?)(\d{1,2}))?(?:\D|$)`)
	dottedDate = regexp.MustCompile(`(?:^|\D)(\d{1,2})([./-])(\d{1,2})[./-](\d{4}|\d{2})(?:\D|$)`)
	plainDate  = regexp.MustCompile(`^(\d{4})(\d{2})(\d{2})(?:t?(\d{2})(\d{2})(\d{2})?)?$`)
	chineseDay = regexp.MustCompile(`(\d{1,2})\s?月\s?(\d{1,2})\s?[日号號]`)
	dayMonth   = regexp.MustCompile(`(\d{1,2})(?:st|nd|rd|th|er|º|\.)?(?:\s+(?:de|of|di))?[\s.-]+(\p{L}+)\.?,?(?:\s+(?:de|del)\s+|[\s.-]*)(\d{4})?`)
	monthDay   = regexp.MustCompile(`(\p{L}+)\.?\s+(\d{1,2})(?:st|nd|rd|th)?(?:\s*,?\s*(\d{4}))?(?:\D|$)`)
	bareDay    = regexp.MustCompile(`^[\[(]?(\d{2})[-/](\d{2})(?:[\])]|\s|$)`)
	ago        = regexp.MustCompile(`(\d{1,3}|an?)\s?(second|sec|minute|min|hour|day|week|сек|мин|час|дн|ден|нед|秒|分钟|分鐘|小时|小時|天|周)\pL*\.?\s?(?:ago|назад|前)`)
	daysAgo    = regexp.MustCompile(`сегодня|вчера|позавчера|today|yesterday|今天|今日|昨天|昨日|前天`)
	hourMinute = regexp.MustCompile(`(\d{1,2})\s?[:：时時點点]\s?(\d{2})(?:\s?[:：分]\s?(\d{2})?)?(?:[.,]\d+)?\s?秒?\s*([ap])?\.?(m\b)?\.?`)
	hourOnly   = regexp.MustCompile(`(?:^|\s)(\d{1,2})\s*([ap])\.?m\b`)
	zoneOffset = regexp.MustCompile(`^\s*\(?(?:gmt|utc)?\s*([+-])(\d{1,2}):?(\d{2})?(?:\D|$)`)
	zoneName   = regexp.MustCompile(`^\s*[(,]?\s*(z|utc|gmt|msk|мск|по москве|по московскому|bjt|cst|beijing time|北京时间)(?:\PL|$)`)
)

// parseDate reads a date, with or without a time of day, as printed in
// Russian, English, Chinese and the other languages of monthOf, as so long ago, or in
// the partial forms of ISO 8601. now completes dates without a year. The result is
// UTC; ok is false if there is no date that exists in s.
func parseDate(s string, now time.Time) (t time.Time, ok bool) {
	s = normalDate(s)
	if t, ok := parseAgo(s, now.UTC()); ok {
		return t, true
	}
	day, rest, ok := parseDay(s, now.UTC())
	if !ok {
		return time.Time{}, false
	}
	return parseClock(day, rest), true
}

// parseAgo reads "5 minutes ago". The result is no finer than the unit.
func parseAgo(s string, now time.Time) (time.Time, bool) {
	m := ago.FindStringSubmatch(s)
	if m == nil {
		return time.Time{}, false
	}
	unit := 24 * time.Hour
	switch m[2] {
	case "second", "sec", "сек", "秒":
		unit = time.Second
	case "minute", "min", "мин", "分钟", "分鐘":
		unit = time.Minute
	case "hour", "час", "小时", "小時":
		unit = time.Hour
	case "week", "нед", "周":
		unit = 7 * 24 * time.Hour
	}
	n := max(number(m[1]), 1) // "an hour ago"
	return now.Add(-time.Duration(n) * unit).Truncate(min(unit, 24*time.Hour)), true
}

// normalDate lowers case, squeezes space and writes all digits in ASCII.
func normalDate(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case '٠' <= r && r <= '٩':
			return r - '٠' + '0'
		case '۰' <= r && r <= '۹':
			return r - '۰' + '0'
		case '０' <= r && r <= '９':
			return r - '０' + '0'
		case unicode.IsSpace(r):
			return ' '
		case unicode.Is(unicode.Cf, r):
			return -1
		}
		return unicode.ToLower(r)
	}, clip(s, 200))
	return strings.Join(strings.Fields(s), " ")
}

// parseDay finds the day in s, and gives what is around it.
func parseDay(s string, now time.Time) (day time.Time, rest string, ok bool) {
	if m := plainDate.FindStringSubmatch(s); m != nil {
		day, ok = dayOf(m[1], number(m[2]), m[3], now)
		if m[4] != "" {
			rest = m[4] + ":" + m[5] + ":" + "00"[len(m[6]):] + m[6]
		}
		return day, rest, ok
	}
	if m := isoDate.FindStringSubmatchIndex(s); m != nil {
		d := group(s, m, 3)
		if d == "" {
			d = "1"
		}
		if day, ok = dayOf(group(s, m, 1), number(group(s, m, 2)), d, now); ok {
			return day, around(s, m[2], lastGroupEnd(m, 3, 2)), true
		}
	}
	if m := dottedDate.FindStringSubmatchIndex(s); m != nil {
		d, month := group(s, m, 1), group(s, m, 3)
		if number(month) > 12 { // month first, as in the United States
			d, month = month, d
		}
		if day, ok = dayOf(group(s, m, 4), number(month), d, now); ok {
			return day, around(s, m[2], m[9]), true
		}
	}
	if day, rest, ok = parseNamedMonth(s, now); ok {
		return day, rest, true
	}
	if m := chineseDay.FindStringSubmatchIndex(s); m != nil {
		day, ok = dayOf("", number(group(s, m, 1)), group(s, m, 2), now)
		return day, around(s, m[0], m[1]), ok
	}
	if m := bareDay.FindStringSubmatchIndex(s); m != nil { // as Chinese lists print it
		if day, ok = dayOf("", number(group(s, m, 1)), group(s, m, 2), now); ok {
			return day, around(s, m[0], m[5]), true
		}
	}
	if m := daysAgo.FindStringIndex(s); m != nil {
		day = now.Truncate(24 * time.Hour)
		switch s[m[0]:m[1]] {
		case "вчера", "yesterday", "昨天", "昨日":
			day = day.AddDate(0, 0, -1)
		case "позавчера", "前天":
			day = day.AddDate(0, 0, -2)
		}
		return day, around(s, m[0], m[1]), true
	}
	return time.Time{}, "", false
}

// parseNamedMonth reads "24 ноября 2026" and "November 24, 2026".
func parseNamedMonth(s string, now time.Time) (day time.Time, rest string, ok bool) {
	for from := 0; from < len(s); {
		m := dayMonth.FindStringSubmatchIndex(s[from:])
		if m == nil {
			break
		}
		part := s[from:]
		if month := monthOf(group(part, m, 2)); month != 0 {
			year, end := group(part, m, 3), m[1]
			if year == "" || clockFollows(part[m[7]:]) {
				year, end = "", m[5]
			}
			if day, ok = dayOf(year, int(month), group(part, m, 1), now); ok {
				return day, around(s, from+m[0], from+end), true
			}
		}
		from += m[3]
	}
	for from := 0; from < len(s); {
		m := monthDay.FindStringSubmatchIndex(s[from:])
		if m == nil {
			break
		}
		part := s[from:]
		if month := monthOf(group(part, m, 1)); month != 0 {
			if day, ok = dayOf(group(part, m, 3), int(month), group(part, m, 2), now); ok {
				return day, around(s, from+m[0], from+lastGroupEnd(m, 3, 2)), true
			}
		}
		from += m[3]
	}
	return time.Time{}, "", false
}

// clockFollows reports whether what was read as a year is the hour of a time.
func clockFollows(rest string) bool { return strings.HasPrefix(rest, ":") }

// dayOf gives midnight of a day, if there is such a day.
func dayOf(year string, month int, day string, now time.Time) (time.Time, bool) {
	y := number(year)
	switch {
	case year == "":
		y = now.Year()
	case len(year) == 2:
		y += 2000
	}
	t := time.Date(y, time.Month(month), number(day), 0, 0, 0, 0, time.UTC)
	if year == "" && t.After(now.Add(maxFuture)) {
		t = time.Date(y-1, time.Month(month), number(day), 0, 0, 0, 0, time.UTC)
	}
	return t, t.Month() == time.Month(month) && t.Day() == number(day)
}

// parseClock adds the time of day in rest to day, in its zone. A time that
// does not exist is left out.
func parseClock(day time.Time, rest string) time.Time {
	var h, minute, sec int
	var half, after string
	if m := hourMinute.FindStringSubmatchIndex(rest); m != nil {
		h, minute, sec = number(group(rest, m, 1)), number(group(rest, m, 2)), number(group(rest, m, 3))
		half, after = group(rest, m, 4), rest[m[1]:]
		if group(rest, m, 5) == "" {
			half = ""
		}
	} else if m := hourOnly.FindStringSubmatchIndex(rest); m != nil {
		h, half, after = number(group(rest, m, 1)), group(rest, m, 2), rest[m[1]:]
	} else {
		return day
	}
	switch {
	case half == "p" && h < 12, h < 12 && containsAny(rest, "下午", "晚上", "晚间"):
		h += 12
	case half == "a" && h == 12:
		h = 0
	}
	if h > 23 || minute > 59 || sec > 60 {
		return day
	}
	t := day.Add(time.Duration(h)*time.Hour + time.Duration(minute)*time.Minute + time.Duration(sec)*time.Second)
	return t.Add(-offsetOf(after))
}

// offsetOf reads the zone after a time of day, as its distance from UTC.
func offsetOf(after string) time.Duration {
	if m := zoneOffset.FindStringSubmatch(after); m != nil {
		d := time.Duration(number(m[2]))*time.Hour + time.Duration(number(m[3]))*time.Minute
		if d > 14*time.Hour {
			return 0
		}
		if m[1] == "-" {
			return -d
		}
		return d
	}
	if m := zoneName.FindStringSubmatch(after); m != nil {
		switch m[1] {
		case "msk", "мск", "по москве", "по московскому":
			return 3 * time.Hour
		case "bjt", "cst", "beijing time", "北京时间":
			return 8 * time.Hour
		}
	}
	return 0
}

// monthOf gives the month of a word in lower case, or 0.
func monthOf(word string) time.Month {
	switch word {
	case "january", "jan", "января", "январь", "янв", "enero", "ene", "janvier", "janv", "januar", "jänner", "يناير":
		return time.January
	case "february", "feb", "февраля", "февраль", "фев", "февр", "febrero", "février", "févr", "februar", "فبراير":
		return time.February
	case "march", "mar", "марта", "март", "мар", "marzo", "mars", "märz", "مارس":
		return time.March
	case "april", "apr", "апреля", "апрель", "апр", "abril", "abr", "avril", "avr", "أبريل", "ابريل":
		return time.April
	case "may", "мая", "май", "mayo", "mai", "مايو":
		return time.May
	case "june", "jun", "июня", "июнь", "июн", "junio", "juin", "juni", "يونيو":
		return time.June
	case "july", "jul", "июля", "июль", "июл", "julio", "juillet", "juil", "juli", "يوليو":
		return time.July
	case "august", "aug", "августа", "август", "авг", "agosto", "ago", "août", "أغسطس", "اغسطس":
		return time.August
	case "september", "sep", "sept", "сентября", "сентябрь", "сен", "сент", "septiembre", "septembre", "سبتمبر":
		return time.September
	case "october", "oct", "октября", "октябрь", "окт", "octubre", "octobre", "oktober", "okt", "أكتوبر", "اكتوبر":
		return time.October
	case "november", "nov", "ноября", "ноябрь", "ноя", "нояб", "noviembre", "novembre", "نوفمبر":
		return time.November
	case "december", "dec", "декабря", "декабрь", "дек", "diciembre", "dic", "décembre", "déc", "dezember", "dez", "ديسمبر":
		return time.December
	}
	return 0
}

// number reads at most nine digits; anything else is 0.
func number(s string) int {
	n, err := strconv.Atoi(clip(s, 9))
	if err != nil {
		return 0
	}
	return n
}

// group is the text of a group of a match by index, or "".
func group(s string, m []int, i int) string {
	if m[2*i] < 0 {
		return ""
	}
	return s[m[2*i]:m[2*i+1]]
}

// lastGroupEnd is where the first of the groups that took part ends.
func lastGroupEnd(m []int, groups ...int) int {
	for _, g := range groups {
		if m[2*g+1] >= 0 {
			return m[2*g+1]
		}
	}
	return m[1]
}

// around is s without what lies between from and to.
func around(s string, from, to int) string { return s[:from] + " " + s[to:] }

func containsAny(s string, words ...string) bool {
	for _, w := range words {
		if strings.Contains(s, w) {
			return true
		}
	}
	return false
}
