"""What the regulators have charged on sales of US equities, by date. Two tables of data; ``regulatory`` reads them.

A row holds from its date (of the trade) to the next row's. An SEC rate is dollars per 1,000,000,000 of proceeds (22.90 per million is
22,900); a TAF row is micro-dollars a share and the most a trade is charged, in micro-dollars.

Sources of the SEC's rates (Section 31 of the Exchange Act): its fee rate advisories and orders, and the notices in which NASD and FINRA
passed them on. A yearly rate begins 30 days (from fiscal year 2012 on: 60) after its appropriation is enacted, the day named in the row; a
mid-year rate on April 1. Where a row names that day, its own date was computed from it and agrees with the notice where one was found.

Sources of the TAF (FINRA By-Laws, Schedule A, section 1): NASD Notices to Members, FINRA Regulatory Notices and rule filings. Rows marked
"not confirmed" were not checked against the text of a notice.
"""

from __future__ import annotations

from datetime import date

SECTION_31: tuple[tuple[date, int], ...] = (
    (date.min, 33_300),  # 1/300 of one percent, by statute until the Fee Relief Act; Nasdaq stocks paid it from 1996 on only
    (date(2001, 12, 28), 15_000),  # NASD Member Alert of 2001-12-27 (Investor and Capital Markets Fee Relief Act)
    (date(2002, 4, 1), 30_100),  # mid-year, announced 2002-03-01; named as the rate before 2003-03-22 by NASD
    (date(2003, 3, 22), 25_200),  # enacted 2003-02-20; NASD Member Alert of 2003-02-24
    (date(2003, 4, 1), 46_800),  # mid-year; SEC Fee Rate Advisory #12 for FY2003
    (date(2004, 2, 22), 39_000),  # enacted 2004-01-23; NASD Member Alert of 2004-01-28
    (date(2004, 4, 1), 23_400),  # mid-year; NASD Member Alert of 2004-03-04
    (date(2005, 1, 7), 32_900),  # enacted 2004-12-08; announced 2004-12-09
    (date(2005, 4, 1), 41_800),  # mid-year; SEC Fee Rate Advisory #7 for FY2005
    (date(2005, 12, 22), 30_700),  # enacted 2005-11-22; NASD Member Alert of 2005-09-30
    (date(2007, 3, 17), 15_300),  # enacted 2007-02-15; SEC Fee Rate Advisory #4 for FY2007
    (date(2008, 1, 25), 11_000),  # enacted 2007-12-26; SEC Fee Rate Advisory #1 for FY2008
    (date(2008, 4, 1), 5_600),  # mid-year; FINRA Information Notice of 2008-03-10
    (date(2009, 4, 10), 25_700),  # enacted 2009-03-11; FINRA Information Notice of 2009-10-02
    (date(2010, 1, 15), 12_700),  # enacted 2009-12-16; SEC press release 2009-270
    (date(2010, 4, 1), 16_900),  # mid-year; FINRA Information Notice of 2010-03-10
    (date(2011, 1, 21), 19_200),  # enacted 2010-12-22; SEC Fee Rate Advisory #5 for FY2011
    (date(2012, 2, 21), 18_000),  # enacted 2011-12-23; SEC Fee Rate Advisory #5 for FY2012
    (date(2012, 4, 1), 22_400),  # mid-year; SEC Fee Rate Advisory #2 for FY2013 names it as the rate in force
    (date(2013, 5, 25), 17_400),  # enacted 2013-03-26; SEC release 34-69449
    (date(2014, 3, 18), 22_100),  # enacted 2014-01-17; FINRA Information Notice of 2014-03-03
    (date(2015, 2, 14), 18_400),  # enacted 2014-12-16; SEC release 34-74057
    (date(2016, 2, 16), 21_800),  # enacted 2015-12-18; FINRA Information Notice of 2016-03-15
    (date(2017, 7, 4), 23_100),  # enacted 2017-05-05; SEC Fee Rate Advisory for FY2017
    (date(2018, 5, 22), 13_000),  # enacted 2018-03-23; FINRA Information Notice of 2018-05-07
    (date(2019, 4, 16), 20_700),  # enacted 2019-02-15; SEC Fee Rate Advisory #2 for FY2019
    (date(2020, 2, 18), 22_100),  # enacted 2019-12-20; FINRA Information Notice of 2020-02-03
    (date(2021, 2, 25), 5_100),  # enacted 2020-12-27; SEC Fee Rate Advisory #2 for FY2021
    (date(2022, 5, 14), 22_900),  # enacted 2022-03-15; the rate as Robinhood's help pages passed it on
    (date(2023, 2, 27), 8_000),  # enacted 2022-12-29; the same
    (date(2024, 5, 22), 27_800),  # enacted 2024-03-23; SEC release 34-99973
    (date(2025, 5, 14), 0),  # the year's target was collected; FINRA Information Notice of 2025-04-24
    (date(2026, 4, 4), 20_600),  # enacted 2026-02-03; FINRA Information Notice of 2026-03-17
)

TRADING_ACTIVITY_FEE: tuple[tuple[date, int, int], ...] = (
    (date.min, 0, 0),  # did not exist
    (date(2002, 10, 1), 50, 5_000_000),  # SR-NASD-2002-98; the date is confirmed, the amounts are not confirmed
    (date(2003, 9, 1), 100, 10_000_000),  # NASD Notice to Members 03-43
    (date(2004, 11, 1), 75, 3_750_000),  # NASD Notice to Members 04-84
    (date(2011, 7, 1), 90, 4_500_000),  # FINRA Regulatory Notice 11-27
    (date(2012, 3, 1), 95, 4_750_000),  # FINRA Regulatory Notice 12-06
    (date(2012, 7, 1), 119, 5_950_000),  # filing published as 77 FR 27527; the date is not confirmed
    (date(2022, 1, 1), 130, 6_490_000),  # SR-FINRA-2020-032; not confirmed
    (date(2023, 1, 1), 145, 7_270_000),  # Robinhood's help page of that year
    (date(2024, 1, 1), 166, 8_300_000),  # FINRA By-Laws, Schedule A, as of 2024
    (date(2026, 1, 1), 195, 9_790_000),  # SR-FINRA-2024-019
    (date(2026, 10, 1), 0, 0),  # pause of three months, SR-FINRA-2026-021
    (date(2027, 1, 1), 195, 9_790_000),  # held until the end of 2028 by SR-FINRA-2026-020
)
