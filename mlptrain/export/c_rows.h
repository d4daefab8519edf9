/*
From the cells of a row to inputs: functions that an exported model is made of. Those that it uses are copied, NAME_
becoming the model's own prefix, float, expf and 1.0f becoming double, exp and 1.0 where its networks are of float64.
A function stands right below its comment, without empty lines, and above those that call it.
*/
#include <math.h>
#include <stddef.h>
#include <string.h>

/* Cells */

/* Orders a text of so many bytes and a level, by bytes. */
static int NAME_compare_text(const char *text, size_t length, const char *level)
{
    const int order = strncmp(text, level, length);
    return order == 0 && level[length] != '\0' ? -1 : order;
}

/* Drops blanks around a text: its begin, and its length in bytes. */
static const char *NAME_trim_text(const char *text, size_t *length)
{
    static const char blanks[] = " \t\n\v\f\r\034\035\036\037";
    size_t n;
    text += strspn(text, blanks);
    n = strlen(text);
    while (n > 0 && strchr(blanks, text[n - 1]) != NULL)
        n--;
    *length = n;
    return text;
}

/* Finds the code of a text among texts in the order of their bytes; NULL is the empty text. */
static int NAME_find_text(const char *text, const char *const *texts, const int *codes, int count, int other)
{
    int low = 0, high = count - 1;
    size_t length;
    text = NAME_trim_text(text == NULL ? "" : text, &length);
    while (low <= high) {
        const int middle = low + (high - low) / 2;
        const int order = NAME_compare_text(text, length, texts[middle]);
        if (order == 0)
            return codes[middle];
        if (order < 0)
            high = middle - 1;
        else
            low = middle + 1;
    }
    return other;
}

/* Whether a character is a digit, in any language. */
static int NAME_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Reads digits: adds them to a number, counts them, and returns where they end. */
static const char *NAME_read_digits(const char *text, double *number, int *count)
{
    for (*count = 0; NAME_is_digit(*text); text++, ++*count)
        *number = 10 * *number + (*text - '0');
    return text;
}

/* Reads e and a whole number, if they are there: returns where they end. */
static const char *NAME_read_exponent(const char *text, double *exponent)
{
    const char *const start = text;
    double size = 0;
    int sign = 1, count;
    *exponent = 0;
    if (*text != 'e' && *text != 'E')
        return start;
    text++;
    if (*text == '+' || *text == '-')
        sign = *text++ == '-' ? -1 : 1;
    text = NAME_read_digits(text, &size, &count);
    *exponent = sign * size;
    return count > 0 ? text : start;
}

/* Reads a number as 12, -1.5 or 2e3: exactly where it has at most 15 digits and a small exponent; NAN for any other. */
static double NAME_read_number(const char *text)
{
    double number = 0, exponent, power;
    int whole, decimals = 0, sign = 1;
    size_t length;
    const char *end;
    text = NAME_trim_text(text, &length);
    end = text + length;
    if (*text == '+' || *text == '-')
        sign = *text++ == '-' ? -1 : 1;
    text = NAME_read_digits(text, &number, &whole);
    if (*text == '.')
        text = NAME_read_digits(text + 1, &number, &decimals);
    if (whole + decimals == 0)
        return NAN;
    text = NAME_read_exponent(text, &exponent);
    if (text != end)
        return NAN;
    power = exponent - decimals;
    return sign * (power < 0 ? number / pow(10, -power) : number * pow(10, power));
}

/* Finds the code of the number that a text is among ascending numbers. */
static int NAME_find_number(const char *text, const double *numbers, const int *codes, int count, int other)
{
    const double number = NAME_read_number(text == NULL ? "" : text);
    int low = 0, high = count - 1;
    while (low <= high) {
        const int middle = low + (high - low) / 2;
        if (number == numbers[middle])
            return codes[middle];
        if (number < numbers[middle])
            high = middle - 1;
        else
            low = middle + 1;
    }
    return other;
}

/* The number that stands for a missing one, or the number itself. */
static double NAME_fill(double x, double fill)
{
    return isnan(x) ? fill : x;
}

/* Columns */

/* (x - center) / scale; numbers are at most 1e300, so that no difference is infinite. */
static double NAME_center_and_scale(double x, double center, double scale)
{
    return (x - center) / scale;
}

/* z / sqrt(1 + (z / 3)^2) of z = (x - center) / scale: within -3 ... 3. */
static double NAME_clip_smoothly(double x, double center, double scale)
{
    const double z = fmin(fmax(NAME_center_and_scale(x, center, scale), -1e300), 1e300);
    return z / hypot(1, z / 3);
}

/* (y - center) / scale of y = sign(x) log(1 + |x|). */
static double NAME_scale_logarithm(double x, double center, double scale)
{
    return NAME_center_and_scale(copysign(log1p(fabs(x)), x), center, scale);
}

/* numerator(r) / denominator(r), of seven powers of r, the highest one first. */
static double NAME_divide_polynomials(const double *numerator, const double *denominator, double r)
{
    double above = 0, below = 0;
    for (int i = 0; i < 8; i++) {
        above = above * r + numerator[i];
        below = below * r + denominator[i];
    }
    return above / below;
}

/* The inverse of the normal distribution, for 0 < p < 1 (Wichura, 1988, AS 241). */
static double NAME_find_normal_quantile(double p)
{
    static const double central[2][8] = {
        {2509.0809287301227, 33430.57558358813, 67265.7709270087, 45921.95393154987,
         13731.69376550946, 1971.5909503065513, 133.14166789178438, 3.3871328727963665},
        {5226.495278852854, 28729.085735721943, 39307.89580009271, 21213.794301586597,
         5394.196021424751, 687.1870074920579, 42.31333070160091, 1.0},
    };
    static const double near_end[2][8] = {
        {0.0007745450142783414, 0.022723844989269184, 0.2417807251774506, 1.2704582524523684,
         3.6478483247632045, 5.769497221460691, 4.630337846156546, 1.4234371107496835},
        {1.0507500716444169e-09, 0.0005475938084995345, 0.015198666563616457, 0.14810397642748008,
         0.6897673349851, 1.6763848301838038, 2.053191626637759, 1.0},
    };
    static const double far_end[2][8] = {
        {2.0103343992922881e-07, 2.7115555687434876e-05, 0.0012426609473880784, 0.026532189526576124,
         0.29656057182850487, 1.7848265399172913, 5.463784911164114, 6.657904643501103},
        {2.0442631033899397e-15, 1.421511758316446e-07, 1.8463183175100548e-05, 0.0007868691311456133,
         0.014875361290850615, 0.1369298809227358, 0.599832206555888, 1.0},
    };
    const double q = p - 0.5, r = sqrt(-log(fmin(p, 1 - p)));
    double size;
    if (fabs(q) <= 0.425)
        return q * NAME_divide_polynomials(central[0], central[1], 0.180625 - q * q);
    if (r <= 5)
        size = NAME_divide_polynomials(near_end[0], near_end[1], r - 1.6);
    else
        size = NAME_divide_polynomials(far_end[0], far_end[1], r - 5);
    return copysign(size, q);
}

/* The number of ascending values that are below x, or not above it. */
static int NAME_count_below(double x, const double *values, int count, int or_equal)
{
    int low = 0, high = count;
    while (low < high) {
        const int middle = low + (high - low) / 2;
        if (values[middle] < x || (or_equal && values[middle] == x))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The normal quantile of the place of x among quantiles, the middle of those that equal it. */
static double NAME_scale_by_quantiles(double x, const double *quantiles, int count)
{
    const double edge = 1e-7 - 2.220446049250313e-16;
    const int low = NAME_count_below(x, quantiles, count, 0), high = NAME_count_below(x, quantiles, count, 1);
    double p;
    if (x <= quantiles[0])
        p = 0;
    else if (x >= quantiles[count - 1])
        p = 1;
    else if (low < high)
        p = (low + high - 1) / 2.0 / (count - 1);
    else
        p = (low - 1 + (x - quantiles[low - 1]) / (quantiles[low] - quantiles[low - 1])) / (count - 1);
    return NAME_find_normal_quantile(fmin(fmax(p, edge), 1 - edge));
}

/* Days from 1970-01-01 to the first of January of a year. */
static double NAME_count_days_to_year(double year)
{
    const double before = year - 1;
    return 365 * before + floor(before / 4) - floor(before / 100) + floor(before / 400) - 719162;
}

/* Where seconds since 1970-01-01 UTC are in their year, week (from Monday) and day, as angles: 0 ... 2 pi. */
static void NAME_find_angles(double t, double *year_angle, double *week_angle, double *day_angle)
{
    const double circle = 6.283185307179586;
    double time = fmod(t, 86400), days, year, start;
    if (time < 0)
        time += 86400;
    days = floor((t - time) / 86400 + 0.5);
    year = 1970 + floor(days / 365.2425);
    while (NAME_count_days_to_year(year) > days)
        year--;
    while (NAME_count_days_to_year(year + 1) <= days)
        year++;
    start = NAME_count_days_to_year(year);
    *year_angle = circle * ((days - start) / (NAME_count_days_to_year(year + 1) - start));
    *week_angle = circle * ((days + 3 - 7 * floor((days + 3) / 7)) / 7);
    *day_angle = circle * (time / 86400);
}

/* Writes on[code] at the place of the code, off at all others; a code beyond them has no place. */
static void NAME_write_one_hot(int code, const float *on, const float *off, int width, float *x)
{
    memcpy(x, off, (size_t)width * sizeof *x);
    if (code < width)
        x[code] = on[code];
}

/* Copies numbers. */
static void NAME_copy(int count, const float *x, float *y)
{
    memcpy(y, x, (size_t)count * sizeof *y);
}
