/*
The functions that an exported model is made of: those that it uses are copied, NAME_ becoming the model's own prefix,
float, expf and 1.0f becoming double, exp and 1.0 where its networks are of float64. Whoever changes a function keeps
its comment above it, and a function above those that use it.
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

/* Writes a row that is 0 but for one place; a code without one has place -1. */
static void NAME_write_one_hot(int code, const int *places, const float *values, int width, float *x)
{
    for (int i = 0; i < width; i++)
        x[i] = 0.0f;
    if (places[code] >= 0)
        x[places[code]] = values[code];
}

/* Copies numbers. */
static void NAME_copy(int count, const float *x, float *y)
{
    memcpy(y, x, (size_t)count * sizeof *y);
}

/* Activations, by their names in a spec */

static float NAME_linear(float z)
{
    return z;
}

static float NAME_tanh(float z)
{
    return tanhf(z);
}

static float NAME_sigmoid(float z)
{
    return 1.0f / (1.0f + expf(-z));
}

static float NAME_relu(float z)
{
    return z < 0.0f ? 0.0f : z;
}

static float NAME_leaky_relu(float z, float slope)
{
    return z < slope * z ? slope * z : z;
}

static float NAME_elu(float z, float alpha)
{
    return z < 0.0f ? alpha * expm1f(z) : z;
}

static float NAME_selu(float z)
{
    return 1.0507009873554805f * (z < 0.0f ? 1.6732632423543772f * expm1f(z) : z);
}

/*
The form with tanh, as z / (1 + e^-(a z + a c z^3)) with a = 2 sqrt(2 / pi) and c = 0.044715; e^87 is within the range
of single precision.
*/
static float NAME_gelu(float z)
{
    return z / (1.0f + expf(fminf(z * (-1.5957691216057308f - 0.07135481627260025f * (z * z)), 87.0f)));
}

static float NAME_silu(float z)
{
    return z / (1.0f + expf(-z));
}

/* z tanh(log(1 + e^z)); above 22 the fraction is 1. */
static float NAME_mish(float z)
{
    const float e = expf(fminf(z, 22.0f)), n = e * (e + 2.0f);
    return z * (n / (n + 2.0f));
}

static float NAME_softplus(float z)
{
    return fmaxf(z, 0.0f) + log1pf(expf(-fabsf(z)));
}

static float NAME_softsign(float z)
{
    return z / (1.0f + fabsf(z));
}

static float NAME_hard_sigmoid(float z)
{
    return fminf(fmaxf(z / 6.0f + 0.5f, 0.0f), 1.0f);
}

static float NAME_hard_tanh(float z)
{
    return fminf(fmaxf(z, -1.0f), 1.0f);
}

/* Layers: x has so many inputs, y so many outputs, W (inputs, outputs). */

/*
y = x W + b; b may be NULL. Inputs that are 0, as most are of a category, cost nothing. Sums of 128 products each are
added up: one long sum would lose digits.
*/
static void NAME_multiply(int inputs, int outputs, const float *x, const float *W, const float *b, float *y)
{
    float sums[64];
    for (int j = 0; j < outputs; j += 64) {
        const int width = outputs - j < 64 ? outputs - j : 64;
        const float *row = W + j;
        for (int k = 0; k < width; k++)
            y[j + k] = b == NULL ? 0.0f : b[j + k];
        for (int start = 0; start < inputs; start += 128) {
            const int end = inputs - start < 128 ? inputs : start + 128;
            for (int k = 0; k < width; k++)
                sums[k] = 0.0f;
            for (int i = start; i < end; i++, row += outputs) {
                const float factor = x[i];
                if (factor == 0.0f)
                    continue;
                if (width == 64) /* a count that the compiler knows makes quick code */
                    for (int k = 0; k < 64; k++)
                        sums[k] += factor * row[k];
                else
                    for (int k = 0; k < width; k++)
                        sums[k] += factor * row[k];
            }
            for (int k = 0; k < width; k++)
                y[j + k] += sums[k];
        }
    }
}

/* y = a (x - mean) / sqrt(variance + epsilon) + b over the units of a row; y may be x. */
static void NAME_normalize(int units, const float *x, const float *a, const float *b, double epsilon, float *y)
{
    double mean = 0, variance = 0, factor;
    for (int i = 0; i < units; i++)
        mean += x[i];
    mean /= units;
    for (int i = 0; i < units; i++)
        variance += (x[i] - mean) * (x[i] - mean);
    factor = 1 / sqrt(variance / units + epsilon);
    for (int i = 0; i < units; i++)
        y[i] = (float)((x[i] - mean) * factor) * a[i] + b[i];
}

/* y = the largest of each unit's pieces: x has the first pieces of all units, then the second ones; y may be x. */
static void NAME_take_largest(int units, int pieces, const float *x, float *y)
{
    for (int i = 0; i < units; i++) {
        float largest = x[i];
        for (int k = 1; k < pieces; k++)
            largest = x[k * units + i] > largest ? x[k * units + i] : largest;
        y[i] = largest;
    }
}

/* Adds factor V to y, both of so many outputs. */
static void NAME_add_scaled(int outputs, float factor, const float *V, float *y)
{
    for (int j = 0; j < outputs; j++)
        y[j] += factor * V[j];
}

/*
y = c + the waves cos(w x + b), and after them, if there are sines, sin(w x + b), times V, for each number x at
a place. w, b (numbers, waves), b may be NULL; V (numbers, all waves, outputs); c (numbers, outputs).
*/
static void NAME_embed_waves(int numbers, int waves, int outputs, int sines, const float *x, const int *places,
                             const float *w, const float *b, const float *V, const float *c, float *y)
{
    for (int f = 0; f < numbers; f++, y += outputs, c += outputs, w += waves) {
        memcpy(y, c, (size_t)outputs * sizeof *y);
        for (int h = 0; h < waves; h++, V += outputs)
            NAME_add_scaled(outputs, cosf(w[h] * x[places[f]] + (b == NULL ? 0.0f : b[f * waves + h])), V, y);
        for (int h = 0; h < (sines ? waves : 0); h++, V += outputs)
            NAME_add_scaled(outputs, sinf(w[h] * x[places[f]] + (b == NULL ? 0.0f : b[f * waves + h])), V, y);
    }
}

/*
y = s x + c + the pieces (x - start) / width, cut to lowest ... highest, times V, for each number x at a place.
start, width, lowest, highest (numbers, pieces); V (numbers, pieces, outputs); s, c (numbers, outputs).
*/
static void NAME_embed_pieces(int numbers, int pieces, int outputs, const float *x, const int *places,
                              const float *start, const float *width, const float *lowest, const float *highest,
                              const float *s, const float *V, const float *c, float *y)
{
    for (int f = 0; f < numbers; f++, y += outputs, s += outputs, c += outputs) {
        memcpy(y, c, (size_t)outputs * sizeof *y);
        NAME_add_scaled(outputs, x[places[f]], s, y);
        for (int t = 0; t < pieces; t++, start++, width++, lowest++, highest++, V += outputs)
            NAME_add_scaled(outputs, fminf(fmaxf((x[places[f]] - *start) / *width, *lowest), *highest), V, y);
    }
}

/* Copies the numbers at some places. */
static void NAME_take_places(int count, const float *x, const int *places, float *y)
{
    for (int i = 0; i < count; i++)
        y[i] = x[places[i]];
}

/* Predictions: z has a network's outputs, v gets the sum over its members. */

/* Adds e^z / (the sum of all e^z). */
static void NAME_add_softmax(int classes, const float *z, double *v)
{
    double largest = z[0], sum = 0;
    for (int k = 1; k < classes; k++)
        largest = z[k] > largest ? z[k] : largest;
    for (int k = 0; k < classes; k++)
        sum += exp(z[k] - largest);
    for (int k = 0; k < classes; k++)
        v[k] += exp(z[k] - largest) / sum;
}

/* Adds 1 - p and p, p = 1 / (1 + e^-z). */
static void NAME_add_logistic(double z, double *v)
{
    v[0] += 1 / (1 + exp(z));
    v[1] += 1 / (1 + exp(-z));
}

/* e^z of z = log of the mean of e^z over members, above the ceiling the tangent; z (members, outputs), for output k. */
static double NAME_pool_exponentials(int members, int outputs, int k, const float *z, double ceiling)
{
    double largest = z[k], sum = 0, pooled;
    for (int m = 1; m < members; m++)
        largest = z[m * outputs + k] > largest ? z[m * outputs + k] : largest;
    for (int m = 0; m < members; m++)
        sum += exp(z[m * outputs + k] - largest);
    pooled = largest + log(sum / members);
    return exp(fmin(pooled, ceiling)) * (1 + fmax(pooled - ceiling, 0));
}

/* The number of the largest score, the first one of equal ones. */
static int NAME_find_largest(int count, const double *scores)
{
    int best = 0;
    for (int k = 1; k < count; k++)
        if (scores[k] > scores[best])
            best = k;
    return best;
}
