/*
From inputs to predictions: functions that an exported model is made of, copied as those of c_rows.h are.
*/
#include <math.h>
#include <stddef.h>
#include <string.h>

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
